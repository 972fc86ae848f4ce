-- Keeps a policy in the place of the version before it.
--
-- KEYS[1]  the client's hash          ARGV[1]  the client's id
-- KEYS[2]  the hash of its policies   ARGV[2]  the policy's field
--                                     ARGV[3]  the policy's version
--                                     ARGV[4]  the policy as JSON
--                                     ARGV[5]  the most policies that a client can have
--                                     ARGV[6]  the most bytes that they can take up
--
-- Reply    0, or with nothing changed: 1 when the version kept is not the one before, 2 when there is no room for one
--          more, 3 when it would take up too much, 4 when there is no such client any more

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 4
end
local kept = redis.call('HGET', KEYS[2], ARGV[2])
local kept_version = kept and tonumber(string.match(kept, '^(%d+) ')) or 0
if kept_version ~= tonumber(ARGV[3]) - 1 then
  return 1
end
if not kept and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[5]) then
  return 2
end
local policy = ARGV[3] .. ' ' .. ARGV[4]
local growth = #policy - (kept and #kept or 0)
local bytes = tonumber(redis.call('HGET', KEYS[1], 'policy_bytes') or 0)
if growth > 0 and bytes + growth > tonumber(ARGV[6]) then
  return 3
end
redis.call('HSET', KEYS[2], ARGV[2], policy)
redis.call('HINCRBY', KEYS[1], 'policy_bytes', growth)
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return 0
