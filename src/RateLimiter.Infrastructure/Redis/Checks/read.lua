-- Reads a string, and fails when the key holds another type. GET alone is not enough: within a script, Garnet's GET
-- replies as if the key did not exist.

local call = redis.call

return function(key)
  local state = call('GET', key)
  if not state and call('EXISTS', key) == 1 then
    error('WRONGTYPE Operation against a key holding the wrong kind of value', 0)
  end
  return state
end
