-- Changes policies and overrides of a client, all of them or none, and keeps the versions of policies that they replace. The
-- oldest versions are removed while all of them use too much.
--
-- KEYS[1]  the client's hash           ARGV[1]  the client's id
-- KEYS[2]  the hash of its policies    ARGV[2]  the version that the set must have; empty for any
--          and overrides               ARGV[3]  the most policies that a client can have
-- KEYS[3]  the hash of deleted ones    ARGV[4]  the most bytes that they can use
-- KEYS[4]  the hash of old versions    ARGV[5]  the most bytes that old versions can use, and the audit trail too
-- KEYS[5]  the list of their names,    ARGV[6]  1 for a dry run, else 0
--          oldest first                ARGV[7]  what is stored about a deletion
-- KEYS[6]  its audit trail             ARGV[8]  the most overrides that a client can have
-- KEYS[7]  the journal of an import    ARGV[9…] for each change four values: the field of the policy, or @ and the id of the
-- KEYS[8]  the list of recent changes           override; the version that it must have, the version of its deletion if it
--                                               was deleted, 0 if nothing is known about it; its next version, a space, the
--                                               policy or override as JSON, or nothing to delete it; its entry in the audit
--                                               trail, without the policy or override
--
-- Reply    two numbers: 0 and the new version of the client; or, with nothing changed, 0 and 0 after a successful dry run,
--          or a first number of 1 when a version has changed meanwhile, 2 when there is no room for so many policies, 3
--          when they would use too much, 4 when the client does not exist any more, 5 when an import must be recorded
--          first, 6 when there is no room for so many overrides

local call, match = redis.call, string.match
local call_many = load_module('call_many')
local SAVED, OUTDATED, NO_ROOM, TOO_LARGE, NO_CLIENT, IMPORTED, NO_ROOM_FOR_OVERRIDES =
  { 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 }
local client, policies, deleted, versions, order, trail, journal, noted = unpack(KEYS)
local set_version, deletion = ARGV[2], ARGV[7]
local max_policies, max_bytes, max_history = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local max_overrides = tonumber(ARGV[8])

if call('EXISTS', client) == 0 then
  return NO_CLIENT
end
if call('EXISTS', journal) == 1 then
  return IMPORTED
end
local kept = call('HMGET', client, 'policies_version', 'policy_bytes', 'overrides')
if set_version ~= '' and set_version ~= (kept[1] or '0') then
  return OUTDATED
end

local fields = {}
for at = 9, #ARGV, 4 do
  fields[#fields + 1] = ARGV[at]
end
local olds, tombstones = call_many('HMGET', policies, fields), call_many('HMGET', deleted, fields)

local changes, saved, removed = {}, {}, {}
-- Of the number of policies, of their bytes, and of the number of overrides.
local more, growth, more_overrides = 0, 0, 0
local creates, creates_overrides = false, false
for i, field in ipairs(fields) do
  local at = 5 + 4 * i
  local version, new = ARGV[at + 1], ARGV[at + 2]
  local old, tombstone = olds[i], tombstones[i]
  if version ~= (old and match(old, '^%d+') or tombstone or '0') then
    return OUTDATED
  end
  local created = not old and new ~= ''
  local change = created and 1 or old and new == '' and -1 or 0
  if match(field, '^@') then
    more_overrides = more_overrides + change
    creates_overrides = creates_overrides or created
  else
    more = more + change
    creates = creates or created
    growth = growth + #new - (old and #old or 0)
  end
  if new == '' then
    removed[#removed + 1] = field
  else
    saved[#saved + 1] = field
    saved[#saved + 1] = new
  end
  changes[i] = {
    field = field,
    version = version,
    old = old,
    new = new ~= '' and new,
    tombstone = tombstone,
    deletion = deletion,
    entry = ARGV[at + 3],
  }
end

local overrides = tonumber(kept[3] or 0)
if creates and call('HLEN', policies) - overrides + more > max_policies then
  return NO_ROOM
end
if creates_overrides and overrides + more_overrides > max_overrides then
  return NO_ROOM_FOR_OVERRIDES
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
call(
  'HSET', client,
  'policy_bytes', string.format('%d', bytes),
  'overrides', string.format('%d', overrides + more_overrides)
)
load_module('note_changes')(noted, call('HINCRBY', client, 'policies_version', 1), fields)
local version = call('HINCRBY', client, 'version', 1)
load_module('record_changes')(client, deleted, versions, order, trail, changes, max_history)
redis.pcall('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return { 0, version }
