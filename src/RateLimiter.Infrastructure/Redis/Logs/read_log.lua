-- Reads the entries of a log after a position, and the state of the log at the same moment.
--
-- KEYS[1]  the client's hash   ARGV[1]  the log's name: log or changes
-- KEYS[2]  its log             ARGV[2]  the id after which it reads; empty for no entries at all
--
-- Reply    the id before the first entry that the log ever had, the id before the first entry that it has now, the
--          number of entries that it has, and then the requested entries, oldest first

local call = redis.call
local known = call('HMGET', KEYS[1], ARGV[1] .. '_start', ARGV[1] .. '_cut')
local start, cut = known[1] or '0', known[2] or '0'
local length = call('LLEN', KEYS[2])
local reply = { start, cut, length }
local after = tonumber(ARGV[2])
if after then
  local index = math.max(after - tonumber(cut), 0)
  if index < length then
    for i, entry in ipairs(call('LRANGE', KEYS[2], string.format('%.0f', index), -1)) do
      reply[i + 3] = entry
    end
  end
end
return reply
