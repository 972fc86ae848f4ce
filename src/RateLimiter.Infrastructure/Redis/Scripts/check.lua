-- Decides checks. Each takes permits from every limit of its policy, or from none of them, and none disturbs another.
--
-- KEYS     for each check, one counter for each of its limits
-- ARGV[1]  the time in microseconds, or '' for the store's own
-- ARGV[2]  what to do: 'take' permits, 'look' what taking them would give, or 'give' them back
-- ARGV[3…] for each check two values: its cost, and its limits, "algorithm permits window burst tick" one after another
--          with a space between. window is in microseconds; so is tick, the unit in which its arithmetic stays below
--          2^53
--
-- Reply    1. whole numbers, each a double of 8 bytes, the lowest first: the time in microseconds, then for each check
--             steady     microseconds for which its denial stays as it is, whatever others take meanwhile; else 0
--             and for each of its limits
--             wait       microseconds until this check would pass; 0: it passes, -1: never, -2: the counter is broken
--             remaining  the permits left after it
--             reset      microseconds until all permits are back
--             used       the permits in use before it
--          2. when a counter is broken, what is wrong with it
--
-- load_module('read'), and one limiter for each algorithm with these functions:
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
-- Doubles hold every number here exactly, and are what a script reckons with. Garnet's struct spoils integers of 8 bytes.
local pack = struct.pack
local verb = ARGV[2]

local now, grace = tonumber(ARGV[1]), 1
if now then
  -- The time is handed in, so that the store's own clock must not end a counter that is still in use.
  grace = 600000
else
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- The limits that stand in a text. Most checks of a call are of the same few policies.
local parsed = {}
local function limits_of(text)
  local limits = parsed[text]
  if not limits then
    limits = {}
    for algorithm, permits, window, burst, tick in string.gmatch(text, '(%S+) (%d+) (%d+) (%d+) (%d+)') do
      limits[#limits + 1] = {
        limiter = load_module(algorithm),
        permits = tonumber(permits),
        window = tonumber(window),
        burst = tonumber(burst),
        tick = tonumber(tick),
      }
    end
    parsed[text] = limits
  end
  return limits
end

local function wait(limit, counter, cost)
  if verb == 'give' then
    return 0
  elseif limit.permits == 0 or cost > limit.limiter.capacity(limit) then
    return NEVER
  end
  return limit.limiter.wait(counter, cost)
end

local function time_to_live(reset)
  return string.format('%.0f', math.ceil(reset / 1000) + grace)
end

local function save(limiter, counter, reset)
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

local reply = { pack('<d', now) }

-- Carries out the verdict on one counter. The counter's status, packed.
local function settle(limit, counter, cost, allowed)
  local limiter = limit.limiter
  local used = limiter.used(counter)
  local reset
  if allowed and cost > 0 then
    if verb == 'give' then
      if used > 0 and limit.permits > 0 then
        limiter.give(counter, cost)
        reset = limiter.reset(counter)
        save(limiter, counter, reset)
      end
    else
      limiter.take(counter, cost)
      reset = limiter.reset(counter)
      if verb == 'take' then
        save(limiter, counter, reset)
      end
    end
  elseif verb == 'take' and counter.is_changed then
    prolong(limiter, counter)
  end
  if limit.permits == 0 then
    return pack('<dddd', counter.wait, 0, 0, used)
  end
  local remaining = math.max(0, limiter.capacity(limit) - limiter.used(counter))
  return pack('<dddd', counter.wait, remaining, reset or limiter.reset(counter), used)
end

-- How long the denial of a check stays as it is. While one limit has nothing left, nobody can take from any of them, so
-- that nothing changes until the first of them has one permit more.
local function steady(limits, counters)
  local least, is_frozen
  for i = 1, #limits do
    local limit, limiter, until_more = limits[i], limits[i].limiter, nil
    local capacity, used = limiter.capacity(limit), limiter.used(counters[i])
    if limit.permits == 0 then
      is_frozen, until_more = true, limit.window
    elseif used > 0 then
      is_frozen = is_frozen or used >= capacity
      until_more = limiter.wait(counters[i], math.max(0, capacity - used) + 1)
    end
    least = until_more and math.min(least or until_more, until_more) or least
  end
  return is_frozen and least or 0
end

-- Decides one check and adds to the reply. Reads all of its counters before it writes one, so that a broken one is
-- found while nothing is taken.
local function decide(first_key, limits, cost)
  local counters, allowed = {}, true
  for i = 1, #limits do
    local limit = limits[i]
    local counter = limit.limiter.open(KEYS[first_key + i - 1], now, limit)
    counter.wait = wait(limit, counter, cost)
    counters[i] = counter
    allowed = allowed and counter.wait == 0
  end
  reply[#reply + 1] = pack('<d', not allowed and verb == 'take' and steady(limits, counters) or 0)
  if verb == 'give' then
    -- Instances remember denials, and must not any more.
    for i = 1, #limits do
      redis.call('PUBLISH', 'rl:freed', KEYS[first_key + i - 1])
    end
  end
  for i = 1, #limits do
    counters[i] = settle(limits[i], counters[i], cost, allowed)
  end
  reply[#reply + 1] = table.concat(counters)
end

local key, failure = 1, nil
for argument = 3, #ARGV, 2 do
  local cost, limits = tonumber(ARGV[argument]), limits_of(ARGV[argument + 1])
  local decided, problem = pcall(decide, key, limits, cost)
  if not decided then
    failure = (type(problem) == 'table' and problem.err or tostring(problem)) .. ', in a check of ' .. KEYS[key]
    reply[argument - 1] = pack('<d', 0)
    reply[argument] = string.rep(pack('<dddd', BROKEN, 0, 0, 0), #limits)
  end
  key = key + #limits
end

return { table.concat(reply), failure }
