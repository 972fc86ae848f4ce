-- Deletes a policy.
--
-- KEYS[1]  the client's hash          ARGV[1]  the client's id
-- KEYS[2]  the hash of its policies   ARGV[2]  the policy's field
--
-- Reply    1, or 0 when there is no such policy

local kept = redis.call('HGET', KEYS[2], ARGV[2])
if not kept then
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'policy_bytes', -#kept)
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return 1
