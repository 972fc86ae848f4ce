-- Deletes counters of a subject, with what open reservations hold.
--
-- KEYS     the counters
-- ARGV     the counters whose cached denials are invalid without them
--
-- Reply    when, in microseconds since 1970

for i = 1, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('DEL', KEYS[i] .. ':holds')
end
for i = 1, #ARGV do
  redis.pcall('PUBLISH', 'rl:news', 'freed ' .. ARGV[i])
end
local time = redis.call('TIME')
return string.format('%.0f', time[1] * 1000000 + time[2])
