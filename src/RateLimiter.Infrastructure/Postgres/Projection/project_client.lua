-- Updates the projection of a client to its state in the system of record, unless it is as new already, and publishes the
-- change.
--
-- KEYS[1]  the client's hash             ARGV[1]  the client's id
-- KEYS[2]  the hash of its keys          ARGV[2]  the version that the projection must have for what follows to update it;
-- KEYS[3]  the hash of their last uses            empty when what follows is the whole client
-- KEYS[4]  the hash of its policies      ARGV[3]  the version that it has then
-- KEYS[5]  exists when the client is     ARGV[4]  how many policies are staged, when what follows is all but these
--          deleted                       ARGV[5]  how many fields and values of the client's hash there are, of removed keys,
-- KEYS[6]  the staged policies                    of keys and what is known about them, of removed policies, and of policies
-- KEYS[7]  the list of recent changes             and their values; five numbers up to ARGV[9]
--                                        ARGV[10…] all of these
--
-- Reply    0, or with nothing changed: 1 when the projection has that version or a later one, 2 when it does not have the
--          version to be updated, 3 when the client is deleted, 4 when the staged policies have expired

local call = redis.call
local call_many = load_module('call_many')
local COPIED, KNOWN, INCOMPLETE, DELETED, UNSTAGED = 0, 1, 2, 3, 4
local client, keys, uses, policies, deleted, staged, noted = unpack(KEYS)
local base, version, staged_count = ARGV[2], ARGV[3], tonumber(ARGV[4])

if call('EXISTS', deleted) == 1 then
  return DELETED
end
local copied = call('HGET', client, 'version')
if copied and tonumber(copied) >= tonumber(version) then
  return KNOWN
end
if base ~= '' and copied ~= base then
  return INCOMPLETE
end
if call('HLEN', staged) ~= staged_count then
  return UNSTAGED
end

local last = 9
local function take(count)
  local taken = {}
  for i = last + 1, last + tonumber(count) do
    taken[#taken + 1] = ARGV[i]
  end
  last = last + #taken
  return taken
end
local fields, keys_gone, keys_saved = take(ARGV[5]), take(ARGV[6]), take(ARGV[7])
local policies_gone, policies_saved = take(ARGV[8]), take(ARGV[9])

local before = (base == '' or #keys_gone > 0) and call('HKEYS', keys) or {}
if base == '' then
  -- The positions of the client's logs are stored only here.
  local names = { 'log_start', 'log_cut', 'changes_start', 'changes_cut' }
  local positions = call('HMGET', client, unpack(names))
  call('UNLINK', client, keys, policies, noted)
  for i, name in ipairs(names) do
    if positions[i] then
      call('HSET', client, name, positions[i])
    end
  end
  if staged_count > 0 then
    call('RENAME', staged, policies)
    call('PERSIST', policies)
  end
end
call_many('HSET', client, fields)
call_many('HDEL', keys, keys_gone)
call_many('HDEL', uses, keys_gone)
call_many('HSET', keys, keys_saved)
call_many('HDEL', policies, policies_gone)
call_many('HSET', policies, policies_saved)
if base ~= '' then
  local changed = {}
  for _, field in ipairs(policies_gone) do
    changed[#changed + 1] = field
  end
  for i = 1, #policies_saved, 2 do
    changed[#changed + 1] = policies_saved[i]
  end
  load_module('note_changes')(noted, call('HGET', client, 'policies_version'), changed)
else
  local unknown = {}
  for _, hash in ipairs(call('HKEYS', uses)) do
    if call('HEXISTS', keys, hash) == 0 then
      unknown[#unknown + 1] = hash
    end
  end
  call_many('HDEL', uses, unknown)
end
local revoked = {}
for _, hash in ipairs(before) do
  if call('HEXISTS', keys, hash) == 0 then
    revoked[#revoked + 1] = hash
  end
end
load_module('publish_revoked')(ARGV[1], revoked)
redis.pcall('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return COPIED
