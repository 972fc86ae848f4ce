-- Calls a command for one key with any number of arguments: one call accepts only a limited number. A portion is even,
-- so that fields and their values stay together, and small enough for a page of the embedded store's log.
--
-- It returns the results of the calls in one list, where they are lists.

local PORTION = 64

local call, min = redis.call, math.min

return function(command, key, arguments)
  local answers = {}
  for first = 1, #arguments, PORTION do
    local answer = call(command, key, unpack(arguments, first, min(first + PORTION - 1, #arguments)))
    if type(answer) == 'table' then
      for i = 1, #answer do
        answers[#answers + 1] = answer[i]
      end
    end
  end
  return answers
end
