-- Removes fields of a hash, and returns how many bytes they used.

local call = redis.call

return function(key, fields)
  local bytes = 0
  for _, field in ipairs(fields) do
    local length = call('HSTRLEN', key, field)
    if length > 0 then
      bytes = bytes + #field + length
    end
  end
  call('HDEL', key, unpack(fields))
  return bytes
end
