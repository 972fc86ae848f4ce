-- Forgets the counters of a subject.
--
-- KEYS     the counters

redis.call('DEL', unpack(KEYS))
for i = 1, #KEYS do
  -- Instances remember denials, and must not any more.
  redis.pcall('PUBLISH', 'rl:news', 'freed ' .. KEYS[i])
end
return 1
