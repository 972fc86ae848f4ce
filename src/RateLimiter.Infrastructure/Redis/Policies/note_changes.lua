-- Records which of a client's policies have changed with the current version of the set, so that an instance which has
-- loaded an earlier version need not load all of them again.

local MAX_NOTED = 1000

local call = redis.call
local call_many = load_module('call_many')

return function(noted, version, fields)
  local notes = {}
  for i, field in ipairs(fields) do
    notes[i] = version .. ' ' .. field
  end
  call_many('RPUSH', noted, notes)
  call('LTRIM', noted, -MAX_NOTED, -1)
end
