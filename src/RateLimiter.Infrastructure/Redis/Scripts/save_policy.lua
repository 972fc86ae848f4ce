-- Keeps a policy in the place of the version before it.
--
-- KEYS[1]  the client's hash          ARGV[1]  the client's id
-- KEYS[2]  the hash of its policies   ARGV[2]  the policy's field
--                                     ARGV[3]  the policy's version
--                                     ARGV[4]  the policy as JSON
--
-- Reply    1, or 0 with nothing changed when the version kept is not the one before

local kept = redis.call('HGET', KEYS[2], ARGV[2])
local kept_version = kept and tonumber(string.match(kept, '^(%d+) ')) or 0
if kept_version ~= tonumber(ARGV[3]) - 1 then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ' ' .. ARGV[4])
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return 1
