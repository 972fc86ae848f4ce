-- Appends entries, oldest first, to the audit trail of a client that there is. The oldest go while all of them take up
-- more than max_bytes. Their ids are consecutive numbers.

local call, format = redis.call, string.format

return function(client, trail, entries, max_bytes)
  local kept = call('HMGET', client, 'audit_first', 'audit_last', 'audit_bytes')
  local first, last, bytes = tonumber(kept[1] or 1), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
  local values = {}
  for i = 1, #entries do
    last = last + 1
    bytes = bytes + #entries[i]
    values[2 * i - 1], values[2 * i] = format('%d', last), entries[i]
  end
  load_module('call_many')('HSET', trail, values)
  max_bytes = tonumber(max_bytes)
  while bytes > max_bytes do
    local id = format('%d', first)
    bytes = bytes - call('HSTRLEN', trail, id)
    call('HDEL', trail, id)
    first = first + 1
  end
  call(
    'HSET', client,
    'audit_first', format('%d', first),
    'audit_last', format('%d', last),
    'audit_bytes', format('%d', bytes)
  )
end
