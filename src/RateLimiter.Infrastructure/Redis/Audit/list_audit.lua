-- Searches a page of a client's audit trail, newest first.
--
-- KEYS[1]  the client's hash   ARGV[1]  the id before which it searches; empty for the end of the trail
-- KEYS[2]  its audit trail     ARGV[2]  how many entries it examines, at most
--                              ARGV[3]  how many it returns, at most
--                              ARGV[4]  only entries from this millisecond since 1970 on; empty for any
--                              ARGV[5]  only entries up to this millisecond; empty for any
--                              ARGV[6]  only entries of this action; empty for any
--
-- Reply    the id before which it has not searched yet, 0 when nothing is left, and then for each entry its id, its
--          text, and the policy that it is about before and after, each empty where there is none

local call, format, match = redis.call, string.format, string.match
local looked, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local from, to, wanted = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

local kept = call('HMGET', KEYS[1], 'audit_first', 'audit_last')
local first, after = tonumber(kept[1] or 1), tonumber(kept[2] or 0) + 1
local id = math.min(after, tonumber(ARGV[1]) or after)
local stop = math.max(first, id - looked)
local reply = { 0 }
while id > stop and #reply < 4 * limit do
  id = id - 1
  local field = format('%d', id)
  local entry = call('HGET', KEYS[2], field)
  local at, action = match(entry or '', '^(%d+) (%S+)')
  at = tonumber(at)
  if at and not (from and at < from) and not (to and at > to) and (wanted == '' or wanted == action) then
    local policies = call('HMGET', KEYS[2], field .. ' before', field .. ' after')
    reply[#reply + 1] = id
    reply[#reply + 1] = entry
    reply[#reply + 1] = policies[1] or ''
    reply[#reply + 1] = policies[2] or ''
  end
end
if id > first then
  reply[1] = id
end
return reply
