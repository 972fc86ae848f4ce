-- Keeps other keys of a client in the place of those that are kept.
--
-- KEYS[1]  the client's hash            ARGV[1]  the client's id
-- KEYS[2]  the hash of its keys         ARGV[2]  the client's version when its keys were read
-- KEYS[3]  the hash of their last uses  ARGV[3]  how many go
--                                       ARGV[4…] of each that goes, its SHA-256 in hexadecimal and its id; of each that
--                                                comes or changes, its SHA-256 and what is known of it
--
-- Reply    1, or 0 with nothing changed when the client has another version by now, or is gone

if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then
  return 0
end
local last_gone = 3 + 2 * tonumber(ARGV[3])
for i = 4, #ARGV, 2 do
  if i <= last_gone then
    redis.call('HDEL', KEYS[2], ARGV[i])
    redis.call('HDEL', KEYS[3], ARGV[i + 1])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return 1
