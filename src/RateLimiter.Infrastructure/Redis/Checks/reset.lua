-- Deletes the counters of a subject.
--
-- KEYS     the counters
--
-- Reply    when, in microseconds since 1970

redis.call('DEL', unpack(KEYS))
for i = 1, #KEYS do
  -- Instances cache denials, which are invalid now.
  redis.pcall('PUBLISH', 'rl:news', 'freed ' .. KEYS[i])
end
local time = redis.call('TIME')
return string.format('%.0f', time[1] * 1000000 + time[2])
