-- Deletes the counters of a subject.
--
-- KEYS     the counters

redis.call('DEL', unpack(KEYS))
for i = 1, #KEYS do
  -- Instances cache denials, which are invalid now.
  redis.pcall('PUBLISH', 'rl:news', 'freed ' .. KEYS[i])
end
return 1
