-- Removes fields of a hash, oldest first, while what the hash holds takes up more than max_bytes. At most 64 fields can be
-- given.
--
-- It gives how many are removed, and what the hash takes up then.

local call = redis.call

return function(key, fields, bytes, max_bytes)
  local values = call('HMGET', key, unpack(fields))
  local count = 0
  while count < #fields and bytes > max_bytes do
    count = count + 1
    bytes = bytes - #fields[count] - #(values[count] or '')
  end
  call('HDEL', key, unpack(fields, 1, count))
  return count, bytes
end
