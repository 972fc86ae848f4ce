-- Deletes a policy.
--
-- KEYS[1]  the client's hash          ARGV[1]  the policy's field
-- KEYS[2]  the hash of its policies
--
-- Reply    1, or 0 when there is no such policy

if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then
  return 0
end
redis.call('HINCRBY', KEYS[1], 'version', 1)
return 1
