-- Decides checks. Each takes permits from every limit of its policy or from none of them, and none affects another.
--
-- KEYS     for each check, one counter for each of its limits
-- ARGV[1]  the time in microseconds, or '' for the store's own
-- ARGV[2]  what to do: 'acquire' permits, 'peek' whether they could be acquired, or 'refund' them
-- ARGV[3…] for each check two values: its cost, or its cost and after a space the fewest permits that it takes when not all
--          are left; and its limits, "algorithm permits window burst tick" one after another with a space between. window is
--          in microseconds, or what the algorithm's parse reads; tick, the unit in which its arithmetic stays below 2^53, is
--          too
--
-- Reply    1. whole numbers, each a double of 8 bytes, the lowest first: the time in microseconds, then for each limit
--             of each check
--             wait       microseconds until this check would pass; 0: it passes, -1: never, -2: the counter is broken, -3: a
--                        limit is written for another time, and nothing was done
--             remaining  the permits left after what was done
--             reset      microseconds until all permits are back
--             used       the permits in use before it
--             until      when the check is denied: microseconds until this limit alone may change: until it has one
--                        permit more, or until its wait ends; else 0. Positive when the limit is exhausted, so that
--                        nobody can take from it meanwhile; negative when others can
--          2. when a counter is broken, what is wrong with it
--
-- load_module gives 'read', and for each algorithm a limiter with these functions:
--            parse(limit, window, now)  where window is not a number: reads it for this time; false when it is for another
--            capacity(limit)        the most permits that can ever be taken at once
--            open(key, now, limit)  the counter as it is now: a table with these three fields, and with used, the permits in
--                                   use, rounded up; with is_changed when it was written for another rate. A counter
--                                   more than a window ahead was written by a wrong clock, and would block for as
--                                   long as the clock was wrong by: it is deleted, and starts now
--            wait(counter, cost)    microseconds until a cost that capacity allows would pass, 0 when it does
--            acquire(counter, cost) takes permits
--            refund(counter, cost)  gives permits back, never above the limit
--            reset(counter)         microseconds until all permits are back, 0 when they are
--            save(counter, ttl)     writes the counter, which expires after this many milliseconds

local KEYS, ARGV, call = KEYS, ARGV, redis.call
-- Every number here is exact as a double, and scripts compute with doubles. Garnet's struct corrupts integers of 8
-- bytes.
local pack, format, ceil = struct.pack, string.format, math.ceil

local NEVER, BROKEN, OUTDATED = -1, -2, -3
local verb = ARGV[2]
local is_acquire, is_refund = verb == 'acquire', verb == 'refund'

local now, grace = tonumber(ARGV[1]), 1
if now then
  -- With a given time, the store's own clock must not expire a counter that is still in use.
  grace = 600000
else
  local time = call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- The parsed limits of each text. Most checks of a call use the same few policies.
local parsed = {}
local function limits_of(text)
  local limits = {}
  for algorithm, permits, window, burst, tick in string.gmatch(text, '(%S+) (%d+) (%S+) (%d+) (%d+)') do
    local limiter = load_module(algorithm)
    local limit = {
      limiter = limiter,
      permits = tonumber(permits),
      window = tonumber(window),
      burst = tonumber(burst),
      tick = tonumber(tick),
    }
    if limiter.parse and not limiter.parse(limit, window, now) then
      limits.is_outdated = true
    end
    limit.capacity = limiter.capacity(limit)
    limits[#limits + 1] = limit
  end
  parsed[text] = limits
  return limits
end

local function time_to_live(reset)
  return format('%d', ceil(reset / 1000) + grace)
end

local function save(limiter, counter, reset)
  if reset > 0 then
    limiter.save(counter, time_to_live(reset))
  else
    call('DEL', counter.key)
  end
end

-- At a slower rate than the counter was written for, its permits take longer to replenish: it must not expire before.
local function prolong(limiter, counter)
  if counter.limit.permits > 0 then
    local reset = limiter.reset(counter)
    if reset > 0 then
      call('PEXPIRE', counter.key, time_to_live(reset))
    end
  end
end

-- The counters and waits of the check that is being decided. Allocated once, because tables are expensive.
local counters, waits = {}, {}

-- When the denial of a check ends for one of its limits. While a limit is exhausted, no caller can take from it, so that it
-- does not change until it has one permit more, or until a cost of 0 has waited for a limit that was lowered below what is
-- in use.
local function until_change(limit, counter, wait)
  if limit.permits == 0 then
    return limit.window
  end
  local until_more
  if counter.used > 0 then
    until_more = limit.limiter.wait(counter, math.max(0, limit.capacity - counter.used) + 1)
  end
  if wait > 0 then
    until_more = math.min(until_more or wait, wait)
  end
  if not until_more then
    return 0
  end
  return counter.used >= limit.capacity and until_more or -until_more
end

local reply = { pack('<d', now) }

-- Decides one check and adds to the reply. Reads all of its counters before it writes one, so that a broken counter is
-- found before anything is taken.
local function decide(first_key, limits, cost, min_cost)
  local count, allowed = #limits, true
  if limits.is_outdated then
    for i = 1, count do
      reply[first_key + 1 + i] = pack('<ddddd', OUTDATED, 0, 0, 0, 0)
    end
    return
  end
  for i = 1, count do
    local limit = limits[i]
    local counter = limit.limiter.open(KEYS[first_key + i], now, limit)
    counters[i] = counter
    if min_cost < cost then
      -- All that is left, the same number from each limit.
      cost = math.max(min_cost, math.min(cost, limit.capacity - counter.used))
    end
  end
  for i = 1, count do
    local limit, counter, wait = limits[i], counters[i], 0
    if not is_refund then
      wait = (limit.permits == 0 or cost > limit.capacity) and NEVER or limit.limiter.wait(counter, cost)
      allowed = allowed and wait == 0
    end
    waits[i] = wait
  end

  local is_denied = is_acquire and not allowed
  for i = 1, count do
    local limit, counter = limits[i], counters[i]
    local limiter, used, reset = limit.limiter, counter.used, nil
    if allowed and cost > 0 then
      if is_acquire then
        limiter.acquire(counter, cost)
        reset = limiter.reset(counter)
        save(limiter, counter, reset)
      elseif is_refund and used > 0 and limit.permits > 0 then
        limiter.refund(counter, cost)
        reset = limiter.reset(counter)
        save(limiter, counter, reset)
      end
    elseif is_acquire and counter.is_changed then
      prolong(limiter, counter)
    end

    local ends = is_denied and until_change(limit, counter, waits[i]) or 0
    local remaining = limit.capacity - counter.used
    if remaining < 0 then
      remaining = 0
    end
    if limit.permits == 0 then
      reset = 0
    end
    reply[first_key + 1 + i] = pack('<ddddd', waits[i], remaining, reset or limiter.reset(counter), used, ends)
  end

  if is_refund then
    -- Instances cache denials, which are invalid now.
    for i = 1, count do
      redis.pcall('PUBLISH', 'rl:news', 'freed ' .. KEYS[first_key + i])
    end
  end
end

-- Errors of the store itself, not of one counter.
local STORE_FAILURES = { 'READONLY', 'OOM', 'MISCONF', 'NOREPLICAS', 'MASTERDOWN', 'CLUSTERDOWN', 'LOADING' }
local function is_store_failure(message)
  for i = 1, #STORE_FAILURES do
    if string.find(message, STORE_FAILURES[i] .. ' ', 1, true) then
      return true
    end
  end
  return false
end

local key, failure = 0, nil
for argument = 3, #ARGV, 2 do
  local text = ARGV[argument + 1]
  local cost, limits = tonumber(ARGV[argument]), parsed[text] or limits_of(text)
  local min_cost = cost
  if not cost then
    cost, min_cost = string.match(ARGV[argument], '(%d+) (%d+)')
    cost, min_cost = tonumber(cost), tonumber(min_cost)
  end
  local decided, problem = pcall(decide, key, limits, cost, min_cost)
  if not decided then
    failure = type(problem) == 'table' and problem.err or tostring(problem)
    if is_store_failure(failure) then
      -- The call fails as a whole. What was taken before this may have been counted.
      return { err = failure }
    end
    failure = failure .. ', in a check of ' .. KEYS[key + 1]
    for i = 1, #limits do
      reply[key + 1 + i] = pack('<ddddd', BROKEN, 0, 0, 0, 0)
    end
  end
  key = key + #limits
end

return { table.concat(reply), failure }
