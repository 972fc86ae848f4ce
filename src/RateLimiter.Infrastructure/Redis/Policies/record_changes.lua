-- Records applied changes of a client's policies and overrides: of policies the versions that they replace, of which the oldest are removed while
-- all of them use more than max_bytes, and the deletions; of both their entries in the audit trail.
--
-- Each change is a table: field, the policy's, or @ and the override's id; version, before the change; old and new, the policy before and after it,
-- false where there is none; tombstone, the version of an earlier deletion, else false; deletion, what is stored about
-- this one; entry, its entry in the audit trail, without the policy.

local call, format, match = redis.call, string.format, string.match
local call_many, remove_fields = load_module('call_many'), load_module('remove_fields')

return function(client, deleted, versions, order, trail, changes, max_bytes)
  local buried, raised, replaced, entries = {}, {}, {}, {}
  local function put(pairs_of, field, value)
    pairs_of[#pairs_of + 1] = field
    pairs_of[#pairs_of + 1] = value
  end

  for i, change in ipairs(changes) do
    local is_policy = not match(change.field, '^@')
    if change.old and is_policy then
      put(replaced, change.version .. ' ' .. change.field, change.old)
    end
    if not change.new and is_policy then
      local next_version = format('%d', tonumber(change.version) + 1)
      put(buried, change.field, next_version)
      put(replaced, next_version .. ' ' .. change.field, change.deletion)
    elseif change.tombstone then
      raised[#raised + 1] = change.field
    end
    entries[i] = { change.entry, change.old, change.new }
  end
  call_many('HSET', deleted, buried)
  call_many('HDEL', deleted, raised)

  local names, bytes = {}, tonumber(call('HGET', client, 'version_bytes') or 0)
  for i = 1, #replaced, 2 do
    names[#names + 1] = replaced[i]
    bytes = bytes + #replaced[i] + #replaced[i + 1]
  end
  call_many('HSET', versions, replaced)
  call_many('RPUSH', order, names)
  while bytes > max_bytes do
    local name = call('LPOP', order)
    if not name then
      break
    end
    bytes = bytes - remove_fields(versions, { name })
    local version, field = match(name, '^(%d+) (.*)$')
    -- The versions start again when nothing is known about them any more.
    if call('HGET', deleted, field) == version then
      call('HDEL', deleted, field)
    end
  end
  call('HSET', client, 'version_bytes', format('%d', bytes))
  load_module('append_audit')(client, trail, entries, max_bytes)
end
