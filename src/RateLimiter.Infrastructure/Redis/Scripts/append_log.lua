-- Adds decisions to logs, each of which keeps its newest.
--
-- KEYS     the logs
-- ARGV[1]  how many each keeps
-- ARGV[2]  how long it keeps them, in milliseconds
-- ARGV[3…] for each log the number of its decisions, at most 1000, and then these, oldest first

local at = 3
for i = 1, #KEYS do
  local last = at + tonumber(ARGV[at])
  redis.call('LPUSH', KEYS[i], unpack(ARGV, at + 1, last))
  redis.call('LTRIM', KEYS[i], 0, ARGV[1] - 1)
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
  at = last + 1
end
return 1
