-- Changes policies of a client, all of them or none, and keeps the versions that they replace. The oldest of these go
-- while all of them take up too much.
--
-- KEYS[1]  the client's hash           ARGV[1]  the client's id
-- KEYS[2]  the hash of its policies    ARGV[2]  the version that the set must have; empty for any
-- KEYS[3]  the hash of deleted ones    ARGV[3]  the most policies that a client can have
-- KEYS[4]  the hash of old versions    ARGV[4]  the most bytes that they can take up
-- KEYS[5]  the list of their names,    ARGV[5]  the most bytes that old versions can take up, and the audit trail too
--          oldest first                ARGV[6]  1 when it is only asked whether it could be done, else 0
-- KEYS[6]  its audit trail             ARGV[7]  what is kept of a deletion
--                                      ARGV[8…] of each change four values: the policy's field; the version that it must
--                                               have, of a deletion where it is deleted, 0 where nothing is known of it;
--                                               its next version, a space, the policy as JSON, or nothing to delete
--                                               it; what the audit trail is to say of it, without the policy
--
-- Reply    two numbers: 0 and the version that the client has then, or with nothing changed 0, and 0 before it when that
--          was only asked, 1 when a version is another one by now, 2 when there is no room for so many, 3 when they would
--          take up too much, 4 when there is no such client any more

local call, format, match = redis.call, string.format, string.match
local call_many, remove_fields = load_module('call_many'), load_module('remove_fields')
local SAVED, OUTDATED, NO_ROOM, TOO_LARGE, NO_CLIENT = { 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 }
local client, policies, deleted, versions, order, trail = unpack(KEYS)
local set_version, deletion = ARGV[2], ARGV[7]
local max_policies, max_bytes, max_history = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

if call('EXISTS', client) == 0 then
  return NO_CLIENT
end
local kept = call('HMGET', client, 'policies_version', 'policy_bytes', 'version_bytes')
if set_version ~= '' and set_version ~= (kept[1] or '0') then
  return OUTDATED
end

local fields = {}
for at = 8, #ARGV, 4 do
  fields[#fields + 1] = ARGV[at]
end
local olds, tombstones = call_many('HMGET', policies, fields), call_many('HMGET', deleted, fields)

-- What is to be written: fields with their values, and fields that go.
local saved, removed, buried, raised, replaced, entries = {}, {}, {}, {}, {}, {}
local created, growth = 0, 0
local function put(pairs_of, field, value)
  pairs_of[#pairs_of + 1] = field
  pairs_of[#pairs_of + 1] = value
end

for i, field in ipairs(fields) do
  local at = 4 + 4 * i
  local version, new = ARGV[at + 1], ARGV[at + 2]
  local old, tombstone = olds[i], tombstones[i]
  if version ~= (old and match(old, '^%d+') or tombstone or '0') then
    return OUTDATED
  end
  if old then
    put(replaced, version .. ' ' .. field, old)
    growth = growth - #old
  end
  if new == '' then
    local next_version = format('%d', tonumber(version) + 1)
    removed[#removed + 1] = field
    put(buried, field, next_version)
    put(replaced, next_version .. ' ' .. field, deletion)
  else
    put(saved, field, new)
    growth = growth + #new
    created = created + (old and 0 or 1)
    if tombstone then
      raised[#raised + 1] = field
    end
  end
  entries[i] = { ARGV[at + 3], old, new ~= '' and new }
end

if created > 0 and call('HLEN', policies) + created - #removed > max_policies then
  return NO_ROOM
end
local bytes = tonumber(kept[2] or 0) + growth
if growth > 0 and bytes > max_bytes then
  return TOO_LARGE
end
if ARGV[6] == '1' then
  return SAVED
end

call_many('HSET', policies, saved)
call_many('HDEL', policies, removed)
call_many('HSET', deleted, buried)
call_many('HDEL', deleted, raised)

local names, version_bytes = {}, tonumber(kept[3] or 0)
for i = 1, #replaced, 2 do
  names[#names + 1] = replaced[i]
  version_bytes = version_bytes + #replaced[i] + #replaced[i + 1]
end
call_many('HSET', versions, replaced)
call_many('RPUSH', order, names)
while version_bytes > max_history do
  local name = call('LPOP', order)
  if not name then
    break
  end
  version_bytes = version_bytes - remove_fields(versions, { name })
  local version, field = match(name, '^(%d+) (.*)$')
  -- Its versions begin anew when nothing is known of them any more.
  if call('HGET', deleted, field) == version then
    call('HDEL', deleted, field)
  end
end

call(
  'HSET', client,
  'policy_bytes', format('%d', bytes),
  'version_bytes', format('%d', version_bytes)
)
call('HINCRBY', client, 'policies_version', 1)
local version = call('HINCRBY', client, 'version', 1)
load_module('append_audit')(client, trail, entries, max_history)
redis.pcall('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return { 0, version }
