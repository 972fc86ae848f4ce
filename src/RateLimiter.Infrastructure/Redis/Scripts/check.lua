-- Decides checks. Each takes permits from every limit of its policy, or from none of them, and none disturbs another.
--
-- KEYS     for each check, one counter for each of its limits
-- ARGV[1]  the time in microseconds, or '' for the store's own
-- ARGV[2]  what to do: 'take' permits, 'look' what taking them would give, or 'give' them back
-- ARGV[3…] for each check: the number of its limits, its cost, and for each limit five values: algorithm, permits,
--          window (microseconds), burst, tick (microseconds: the unit in which its arithmetic stays below 2^53)
--
-- Reply    the time in microseconds, then for each limit of each check four integers:
--            wait       microseconds until this check would pass; 0: it passes, -1: never, -2: the counter is broken
--            remaining  the permits left after it
--            reset      microseconds until all permits are back
--            used       the permits in use before it
--          and last, when a counter is broken, what is wrong with it
--
-- modules  read, and one limiter for each algorithm with these functions:
--            open(key, now, limit)     the counter as it is now
--            capacity(limit)           the most permits that can ever be taken at once
--            wait(counter, cost)       microseconds until a cost that capacity allows would pass, 0 when it does
--            take(counter, cost)       takes permits
--            give(counter, cost)       gives permits back, never above the limit
--            used(counter)             the permits in use, rounded up
--            reset(counter)            microseconds until all permits are back, 0 when they are
--            save(counter, ttl)        writes the counter, to be forgotten after so many milliseconds
--          A counter whose is_changed is set was written for another pace.

local NEVER, BROKEN = -1, -2
local verb = ARGV[2]

local now, grace = tonumber(ARGV[1]), 1
if now then
  -- The time is handed in, so that the store's own clock must not end a counter that is still in use.
  grace = 600000
else
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function wait(limiter, counter, cost)
  if verb == 'give' then
    return 0
  elseif counter.limit.permits == 0 or cost > limiter.capacity(counter.limit) then
    return NEVER
  end
  return limiter.wait(counter, cost)
end

local function time_to_live(reset)
  return string.format('%.0f', math.ceil(reset / 1000) + grace)
end

local function save(limiter, counter)
  local reset = limiter.reset(counter)
  if reset > 0 then
    limiter.save(counter, time_to_live(reset))
  else
    redis.call('DEL', counter.key)
  end
end

-- A slower pace than the one a counter was written at takes longer to bring its permits back: it must not end before.
local function prolong(limiter, counter)
  if counter.limit.permits > 0 then
    local reset = limiter.reset(counter)
    if reset > 0 then
      redis.call('PEXPIRE', counter.key, time_to_live(reset))
    end
  end
end

local reply = { now }

-- Decides one check and adds to the reply. Reads all of its counters before it writes one, so that a broken one is
-- found while nothing is taken.
local function decide(first_key, argument, count, cost)
  local limiters, counters, waits = {}, {}, {}
  local allowed = true
  for i = 1, count do
    local limiter = modules[ARGV[argument]]
    local counter = limiter.open(KEYS[first_key + i - 1], now, {
      permits = tonumber(ARGV[argument + 1]),
      window = tonumber(ARGV[argument + 2]),
      burst = tonumber(ARGV[argument + 3]),
      tick = tonumber(ARGV[argument + 4]),
    })
    limiters[i], counters[i], waits[i] = limiter, counter, wait(limiter, counter, cost)
    allowed = allowed and waits[i] == 0
    argument = argument + 5
  end

  local added = {}
  for i = 1, count do
    local limiter, counter = limiters[i], counters[i]
    local used = limiter.used(counter)
    if allowed and cost > 0 then
      if verb == 'give' then
        if used > 0 and counter.limit.permits > 0 then
          limiter.give(counter, cost)
          save(limiter, counter)
        end
      else
        limiter.take(counter, cost)
        if verb == 'take' then
          save(limiter, counter)
        end
      end
    elseif verb == 'take' and counter.is_changed then
      prolong(limiter, counter)
    end
    added[#added + 1] = waits[i]
    if counter.limit.permits == 0 then
      added[#added + 1] = 0
      added[#added + 1] = 0
    else
      added[#added + 1] = math.max(0, limiter.capacity(counter.limit) - limiter.used(counter))
      added[#added + 1] = limiter.reset(counter)
    end
    added[#added + 1] = used
  end
  for _, value in ipairs(added) do
    reply[#reply + 1] = value
  end
end

local key, argument, failure = 1, 3, nil
while argument <= #ARGV do
  local count, cost = tonumber(ARGV[argument]), tonumber(ARGV[argument + 1])
  local decided, problem = pcall(decide, key, argument + 2, count, cost)
  if not decided then
    failure = (type(problem) == 'table' and problem.err or tostring(problem)) .. ', in a check of ' .. KEYS[key]
    for _ = 1, count do
      reply[#reply + 1] = BROKEN
      reply[#reply + 1] = 0
      reply[#reply + 1] = 0
      reply[#reply + 1] = 0
    end
  end
  key, argument = key + count, argument + 2 + 5 * count
end

if failure then
  reply[#reply + 1] = failure
end
return reply
