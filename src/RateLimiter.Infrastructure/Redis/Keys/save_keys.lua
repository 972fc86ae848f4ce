-- Replaces keys of a client.
--
-- KEYS[1]  the client's hash            ARGV[1]  the client's id
-- KEYS[2]  the hash of its keys         ARGV[2]  the version of the keys that were read
-- KEYS[3]  the hash of their last uses  ARGV[3]  the most bytes that the audit trail can use
-- KEYS[4]  its audit trail              ARGV[4]  its new entry
--                                       ARGV[5]  how many are removed
--                                       ARGV[6…] the SHA-256 of each removed key, in hexadecimal; for each added or
--                                                changed key, its SHA-256 and what is known about it
--
-- Reply    the version that the client has then, or 0 with nothing changed when the keys have another version by now,
--          or the client was deleted

if redis.call('EXISTS', KEYS[1]) == 0 or (redis.call('HGET', KEYS[1], 'keys_version') or '0') ~= ARGV[2] then
  return 0
end
local gone, last_gone = {}, 5 + tonumber(ARGV[5])
for i = 6, last_gone do
  gone[#gone + 1] = ARGV[i]
  redis.call('HDEL', KEYS[2], ARGV[i])
  redis.call('HDEL', KEYS[3], ARGV[i])
end
for i = last_gone + 1, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
redis.call('HINCRBY', KEYS[1], 'keys_version', 1)
local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
load_module('append_audit')(KEYS[1], KEYS[4], { { ARGV[4] } }, tonumber(ARGV[3]))
load_module('publish_revoked')(ARGV[1], gone)
redis.pcall('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return version
