-- Keeps a policy in the place of the version before it.
--
-- KEYS[1]  the client's hash          ARGV[1]  the client's id
-- KEYS[2]  the hash of its policies   ARGV[2]  the policy's field
--                                     ARGV[3]  the policy's version
--                                     ARGV[4]  the policy as JSON
--                                     ARGV[5]  the most policies that a client can have
--
-- Reply    0, or with nothing changed: 1 when the version kept is not the one before, 2 when there is no room for one
--          more, 3 when there is no such client any more

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 3
end
local kept = redis.call('HGET', KEYS[2], ARGV[2])
local kept_version = kept and tonumber(string.match(kept, '^(%d+) ')) or 0
if kept_version ~= tonumber(ARGV[3]) - 1 then
  return 1
end
if not kept and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[5]) then
  return 2
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ' ' .. ARGV[4])
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return 0
