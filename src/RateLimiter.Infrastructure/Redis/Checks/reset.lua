-- Deletes counters of a subject.
--
-- KEYS     the counters
-- ARGV     the counters whose cached denials are invalid without them
--
-- Reply    when, in microseconds since 1970

redis.call('DEL', unpack(KEYS))
for i = 1, #ARGV do
  redis.pcall('PUBLISH', 'rl:news', 'freed ' .. ARGV[i])
end
local time = redis.call('TIME')
return string.format('%.0f', time[1] * 1000000 + time[2])
