-- Deletes counters of a subject.
--
-- KEYS     the counters
-- ARGV     the counters whose cached denials are invalid without them

redis.call('DEL', unpack(KEYS))
for i = 1, #ARGV do
  redis.pcall('PUBLISH', 'rl:news', 'freed ' .. ARGV[i])
end
return 1
