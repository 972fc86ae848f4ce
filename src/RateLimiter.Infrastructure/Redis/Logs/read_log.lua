-- Reads the entries of a log after a position, and the state of the log at the same moment.
--
-- KEYS[1]  the client's hash   ARGV[1]  the log's name: log or changes
-- KEYS[2]  its log             ARGV[2]  the id after which it reads; empty for no entries at all
--                              ARGV[3]  how many of its newest entries there are for the reader; older ones count as not kept
--                              ARGV[4]  the most entries of the reply
--
-- Reply    the id before the first entry that the log ever had, the id before the first entry that it has now, the
--          number of entries that it has, when the client was created in milliseconds since 1970, and then the
--          requested entries, oldest first

local call, format = redis.call, string.format
local known = call('HMGET', KEYS[1], ARGV[1] .. '_start', ARGV[1] .. '_cut', 'created_at')
local cut = tonumber(known[2] or '0')
local length = call('LLEN', KEYS[2])
local hidden = math.max(length - tonumber(ARGV[3]), 0)
local reply = { known[1] or '0', format('%.0f', cut + hidden), length - hidden, known[3] or '0' }
local after = tonumber(ARGV[2])
if after then
  local index = math.max(after - cut, hidden)
  if index < length then
    local last = index + tonumber(ARGV[4]) - 1
    for i, entry in ipairs(call('LRANGE', KEYS[2], format('%.0f', index), format('%.0f', last))) do
      reply[i + 4] = entry
    end
  end
end
return reply
