-- Appends entries, oldest first, to the audit trail of a client that there is. Their ids are consecutive numbers. The
-- oldest go while all of them take up more than max_bytes.

local PORTION = 64

local call, format, min = redis.call, string.format, math.min
local call_many, drop_oldest = load_module('call_many'), load_module('drop_oldest')

return function(client, trail, entries, max_bytes)
  local kept = call('HMGET', client, 'audit_first', 'audit_last', 'audit_bytes')
  local first, last, bytes = tonumber(kept[1] or 1), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
  local values = {}
  for i, entry in ipairs(entries) do
    last = last + 1
    local id = format('%d', last)
    values[2 * i - 1], values[2 * i] = id, entry
    bytes = bytes + #id + #entry
  end
  call_many('HSET', trail, values)
  while bytes > max_bytes and first <= last do
    local oldest = {}
    for id = first, min(first + PORTION - 1, last) do
      oldest[#oldest + 1] = format('%d', id)
    end
    local count
    count, bytes = drop_oldest(trail, oldest, bytes, max_bytes)
    first = first + count
  end
  call(
    'HSET', client,
    'audit_first', format('%d', first),
    'audit_last', format('%d', last),
    'audit_bytes', format('%d', bytes)
  )
end
