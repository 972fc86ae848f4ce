-- Adds decisions to logs, each of which keeps its newest. Those of a client that is no more are left out.
--
-- KEYS     the logs, and then of each the client's hash
-- ARGV[1]  how many each keeps; up to a tenth more stay until they are cut off at once
-- ARGV[2]  how long it keeps them, in milliseconds
-- ARGV[3…] for each log whether it is to be kept for so long from now on, 1 or 0; the number of its decisions, at most
--          1000; and then these, oldest first

local call = redis.call
local capacity = tonumber(ARGV[1])
local at = 3
local logs = #KEYS / 2
for i = 1, logs do
  local count = tonumber(ARGV[at + 1])
  local last = at + 1 + count
  -- At the end of the list, because an entry before the others moves them all.
  local length = call('RPUSH', KEYS[i], unpack(ARGV, at + 2, last))
  if length > capacity * 1.1 then
    call('LTRIM', KEYS[i], -capacity, -1)
  end
  if length == count and call('EXISTS', KEYS[logs + i]) == 0 then
    -- Who is deleted has no log: only one that was not there need be asked for.
    call('UNLINK', KEYS[i])
  elseif ARGV[at] == '1' or length == count then
    -- What is new is kept for ever otherwise.
    call('PEXPIRE', KEYS[i], ARGV[2])
  end
  at = last + 1
end
return 1
