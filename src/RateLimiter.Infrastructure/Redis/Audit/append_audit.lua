-- Appends entries, oldest first, to the audit trail of an existing client. Each is a list: the entry, and the policy
-- that it is about, before and after, if it is about one. Their ids are consecutive numbers. The oldest entries are
-- removed while the trail exceeds max_bytes.

local call, format = redis.call, string.format
local call_many, remove_fields = load_module('call_many'), load_module('remove_fields')

return function(client, trail, entries, max_bytes)
  local kept = call('HMGET', client, 'audit_first', 'audit_last', 'audit_bytes')
  local first, last, bytes = tonumber(kept[1] or 1), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
  local values = {}
  local function put(field, value)
    if value then
      values[#values + 1] = field
      values[#values + 1] = value
      bytes = bytes + #field + #value
    end
  end

  for _, entry in ipairs(entries) do
    last = last + 1
    local id = format('%d', last)
    put(id, entry[1])
    put(id .. ' before', entry[2])
    put(id .. ' after', entry[3])
  end
  call_many('HSET', trail, values)
  while bytes > max_bytes and first <= last do
    local id = format('%d', first)
    bytes = bytes - remove_fields(trail, { id, id .. ' before', id .. ' after' })
    first = first + 1
  end
  call(
    'HSET', client,
    'audit_first', format('%d', first),
    'audit_last', format('%d', last),
    'audit_bytes', format('%d', bytes)
  )
end
