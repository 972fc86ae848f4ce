-- Records one step of an import that is applied: the versions that it replaced, and its entries in the audit trail.
--
-- KEYS[1]  the client's hash              ARGV[1]  how many values of the journal to record
-- KEYS[2]  the hash of its policies       ARGV[2]  the most bytes that old versions can use, and the audit trail too
-- KEYS[3]  the hash of deleted ones
-- KEYS[4]  the hash of old versions
-- KEYS[5]  the list of their names, oldest first
-- KEYS[6]  its audit trail
-- KEYS[7]  the policies before the import
-- KEYS[8]  the journal
--
-- Reply    1 when there is more, else 0

local call = redis.call
local call_many = load_module('call_many')
local client, policies, deleted, versions, order, trail, before, journal = unpack(KEYS)

local values = call('LRANGE', journal, 0, tonumber(ARGV[1]) - 1)
local fields = {}
for at = 1, #values, 4 do
  fields[#fields + 1] = values[at]
end
if #fields > 0 and call('EXISTS', client) == 1 then
  local olds, news = call_many('HMGET', before, fields), call_many('HMGET', policies, fields)
  local tombstones = call_many('HMGET', deleted, fields)
  local changes = {}
  for i, field in ipairs(fields) do
    local at = 4 * i - 3
    changes[i] = {
      field = field,
      version = values[at + 1],
      old = olds[i],
      new = news[i],
      tombstone = tombstones[i],
      deletion = values[at + 2],
      entry = values[at + 3],
    }
  end
  load_module('record_changes')(client, deleted, versions, order, trail, changes, tonumber(ARGV[2]))
  call('LTRIM', journal, #values, -1)
  if call('EXISTS', journal) == 1 then
    return 1
  end
end
call('UNLINK', before, journal)
return 0
