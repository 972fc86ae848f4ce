-- Notes when keys of a client were used. What is known to be later stays.
--
-- KEYS[1]  the client's hash            ARGV  of each key its id, and the minute since 1970
-- KEYS[2]  the hash of their last uses
--
-- Reply    1, or 0 when there is no such client any more

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
for i = 1, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or 0)
  if known < tonumber(ARGV[i + 1]) then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
return 1
