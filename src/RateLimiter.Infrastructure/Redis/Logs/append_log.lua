-- Appends entries to logs, each of which keeps its newest entries. Entries of a deleted client are dropped.
--
-- KEYS     the logs, and then for each the client's hash
-- ARGV[1]  how many entries each keeps; up to a tenth more stay until they are trimmed together
-- ARGV[2]  how long a log is kept, in milliseconds
-- ARGV[3…] for each log: its NAME, log or changes; whether its expiry is to be extended, 1 or 0; how many entries came
--          before these and are not kept, which is 0 unless these are as many as it keeps; the number of its entries, at
--          most 1000; and then these, oldest first
--
-- An entry's id is its position among all that were ever appended: NAME_cut is the number of those that are not kept any
-- more, and the first that is kept has the next id. A new log starts with the time, in microseconds, or after all ids that
-- an earlier one can have had, so that no id is reused.

local call = redis.call
local capacity = tonumber(ARGV[1])
local at = 3
local logs = #KEYS / 2
for i = 1, logs do
  local client = KEYS[logs + i]
  local name, extends = ARGV[at], ARGV[at + 1] == '1'
  local skipped, count = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local last = at + 3 + count
  -- Append to the end of the list, because an entry before the others would move all of them.
  local length = call('RPUSH', KEYS[i], unpack(ARGV, at + 4, last))
  local is_new = length == count
  local is_long = skipped > 0 or length > capacity * 1.1
  local is_known = not (is_new or is_long) or call('EXISTS', client) == 1
  if is_new and not is_known then
    -- A deleted client has no log: only a log that did not exist has to be checked.
    call('UNLINK', KEYS[i])
  else
    if is_new then
      local time = call('TIME')
      local earlier = tonumber(call('HGET', client, name .. '_cut') or 0) + math.ceil(capacity * 1.1)
      local start = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), earlier)
      call(
        'HSET', client,
        name .. '_start', string.format('%.0f', start),
        name .. '_cut', string.format('%.0f', start + skipped)
      )
    elseif is_long then
      call('LTRIM', KEYS[i], -capacity, -1)
      -- A client that the store has lost must not reappear with only this field.
      if is_known then
        call('HINCRBY', client, name .. '_cut', string.format('%.0f', length - capacity + skipped))
      end
    end
    if extends or is_new then
      -- A new log would otherwise be kept forever.
      call('PEXPIRE', KEYS[i], ARGV[2])
    end
  end
  at = last + 1
end
return 1
