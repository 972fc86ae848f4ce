-- Records when keys of a client were used. A later known use stays, and a removed key stays removed.
--
-- KEYS[1]  the hash of the client's keys   ARGV  for each key its SHA-256 in hexadecimal, and the minute since 1970
-- KEYS[2]  the hash of their last uses

for i = 1, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or 0)
  if known < tonumber(ARGV[i + 1]) and redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
return 1
