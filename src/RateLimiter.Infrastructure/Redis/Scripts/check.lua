-- Takes permits from every limit of a policy, or from none of them.
--
-- KEYS     one counter for each limit
-- ARGV[1]  the time in microseconds, or '' for the store's own
-- ARGV[2]  the cost: how many permits to take; 0 only looks
-- ARGV[3…] for each limit: its algorithm, its permits, its window in microseconds
--
-- Reply    the time in microseconds, then for each limit three integers:
--          wait (microseconds until this check would pass; 0: it passes, -1: never),
--          remaining (permits left), reset (microseconds until all permits are back)
--
-- modules  one limiter for each algorithm

local now, grace = tonumber(ARGV[1]), 1
if now then
  -- The time is handed in, so that the store's own clock must not end a counter that is still in use.
  grace = 600000
else
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local cost = tonumber(ARGV[2])

local limiters, counters, waits = {}, {}, {}
local allowed = true
for i, key in ipairs(KEYS) do
  local limit = { permits = tonumber(ARGV[3 * i + 1]), window = tonumber(ARGV[3 * i + 2]) }
  limiters[i] = modules[ARGV[3 * i]]
  counters[i] = limiters[i].open(key, now, limit)
  waits[i] = limiters[i].wait(counters[i], cost)
  allowed = allowed and waits[i] == 0
end

local reply = { now }
for i, counter in ipairs(counters) do
  if allowed and cost > 0 then
    limiters[i].take(counter, cost, grace)
  end
  reply[#reply + 1] = waits[i]
  reply[#reply + 1] = limiters[i].remaining(counter)
  reply[#reply + 1] = limiters[i].reset(counter)
end
return reply
