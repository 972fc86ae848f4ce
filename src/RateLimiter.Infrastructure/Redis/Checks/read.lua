-- Reads a string, and fails when there is something else under its name. GET alone does not do: Garnet's, in a script,
-- answers as if nothing was there.

local call = redis.call

return function(key)
  local state = call('GET', key)
  if not state and call('EXISTS', key) == 1 then
    error('WRONGTYPE Operation against a key holding the wrong kind of value', 0)
  end
  return state
end
