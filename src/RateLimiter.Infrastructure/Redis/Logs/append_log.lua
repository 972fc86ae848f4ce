-- Adds decisions to logs, each of which keeps its newest. Those of a client that is no more are left out.
--
-- KEYS     the logs, and then of each the client's hash
-- ARGV[1]  how many each keeps; up to a tenth more stay until they are cut off at once
-- ARGV[2]  how long it keeps them, in milliseconds
-- ARGV[3…] for each log whether it is to be kept for so long from now on, 1 or 0; how many decisions came before these and
--          are not kept, which is 0 unless these are as many as it keeps; the number of its decisions, at most 1000; and
--          then these, oldest first
--
-- A decision's id is its place among all that ever came: log_cut is how many are not kept any more, and the first one that
-- is has the id after it. A new log begins with the time, in microseconds, so that no id comes again.

local call = redis.call
local capacity = tonumber(ARGV[1])
local at = 3
local logs = #KEYS / 2
for i = 1, logs do
  local client = KEYS[logs + i]
  local skipped, count = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local last = at + 2 + count
  -- At the end of the list, because an entry before the others moves them all.
  local length = call('RPUSH', KEYS[i], unpack(ARGV, at + 3, last))
  local is_new = length == count
  local is_long = skipped > 0 or length > capacity * 1.1
  local is_known = not (is_new or is_long) or call('EXISTS', client) == 1
  if is_new and not is_known then
    -- Who is deleted has no log: only one that was not there need be asked for.
    call('UNLINK', KEYS[i])
  else
    if is_new then
      local time = call('TIME')
      local start = tonumber(time[1]) * 1000000 + tonumber(time[2])
      call(
        'HSET', client,
        'log_start', string.format('%.0f', start),
        'log_cut', string.format('%.0f', start + skipped)
      )
    elseif is_long then
      call('LTRIM', KEYS[i], -capacity, -1)
      -- A client that a store has lost must not be there again with nothing but this.
      if is_known then
        call('HINCRBY', client, 'log_cut', string.format('%.0f', length - capacity + skipped))
      end
    end
    if ARGV[at] == '1' or is_new then
      -- What is new is kept for ever otherwise.
      call('PEXPIRE', KEYS[i], ARGV[2])
    end
  end
  at = last + 1
end
return 1
