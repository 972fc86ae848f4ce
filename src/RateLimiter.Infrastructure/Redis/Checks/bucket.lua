-- A bucket of permits that is replenished evenly: limit permits per window, up to burst. The token bucket and the leaky
-- bucket.
--
-- State: last debt ticks permits, four doubles of 8 bytes. last: when the state was computed, in microseconds; debt:
-- what is missing from a full bucket, in permits times ticks; ticks, permits: the window's length in ticks and the
-- limit at that time. With open reservations next (holds.lua), and pairs of time and debt, as above: the least debt from
-- the time of the pair before until this time, just before permits were taken. Debts rise along the list.
-- See check.lua for what each function receives and returns. In one tick the debt shrinks by limit, so that no fraction
-- is ever rounded away.

local values_of = unpack
local read, call, pack, unpack = load_module('read'), redis.call, struct.pack, struct.unpack
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
local limiter = {}

local YEAR, EXACT = 31536000 * 1000000, 2 ^ 52

-- The most pairs that are kept. Where there are more, two are joined, so that a hold gets rather less back.
local MAX_LOWS = 16

function limiter.capacity(limit)
  return limit.burst
end

function limiter.open(key, now, limit)
  local ticks = limit.window / limit.tick
  local time, debt, is_changed, next, lows = floor(now / limit.tick), 0, false, nil, nil
  local base, base_time = 0, time
  local state = read(key)
  if state then
    local kept_last, kept_debt, kept_ticks, kept_permits = unpack('<dddd', state)
    if kept_last > now + limit.window then
      call('DEL', key)
    else
      debt = kept_debt
      if #state > 32 then
        next, lows = unpack('<d', state, 33), {}
        for position = 41, #state, 8 do
          lows[#lows + 1] = (unpack('<d', state, position))
        end
      end
      is_changed = kept_ticks ~= ticks or kept_permits ~= limit.permits
      if kept_ticks ~= ticks then
        -- The window or the tick has changed: as many permits are missing as before.
        debt = floor(debt / kept_ticks * ticks)
        for i = 2, lows and #lows or 0, 2 do
          lows[i] = floor(lows[i] / kept_ticks * ticks)
        end
      end
      -- When the clock has stepped back, time stands still here.
      local last = ceil(kept_last / limit.tick)
      time = max(time, last)
      base, base_time = debt, last
      local elapsed = time - last
      debt = limit.permits > 0 and elapsed >= debt / limit.permits and 0 or debt - elapsed * limit.permits
    end
  end
  return {
    key = key,
    limit = limit,
    now = now,
    time = time,
    debt = debt,
    ticks = ticks,
    is_changed = is_changed,
    next = next,
    lows = lows,
    base = base,
    base_time = base_time,
    used = ceil(debt / ticks),
  }
end

-- Microseconds until this much debt is repaid. Debt is repaid at whole ticks.
local function until_gone(counter, debt)
  return (counter.time + ceil(debt / counter.limit.permits)) * counter.limit.tick - counter.now
end

function limiter.wait(counter, cost)
  local excess = counter.debt - (counter.limit.burst - cost) * counter.ticks
  return excess > 0 and until_gone(counter, excess) or 0
end

function limiter.acquire(counter, cost)
  local lows = counter.lows
  if lows then
    while #lows > 0 and lows[#lows] >= counter.debt do
      lows[#lows], lows[#lows - 1] = nil, nil
    end
    lows[#lows + 1], lows[#lows + 2] = counter.time * counter.limit.tick, counter.debt
    if #lows > 2 * MAX_LOWS then
      -- The first debt, which is the least, until the second time.
      lows[4] = lows[2]
      table.remove(lows, 1)
      table.remove(lows, 1)
    end
  end
  counter.debt = counter.debt + cost * counter.ticks
  counter.used = counter.used + cost
end

function limiter.refund(counter, cost)
  counter.debt = max(0, counter.debt - cost * counter.ticks)
  counter.used = ceil(counter.debt / counter.ticks)
end

function limiter.origin(counter)
  -- Nothing is held from before.
  local time = counter.time * counter.limit.tick
  counter.lows = counter.lows or { time, 0 }
  return time
end

-- What expiry gives back depends on what flows in until then.
function limiter.returns()
  return false
end

-- The least debt after a hold was taken. Without a list, the bucket was full since.
local function lowest_since(counter, time)
  local lows = counter.lows
  if not lows then
    return 0
  end
  for i = 1, #lows, 2 do
    if lows[i] > time then
      return lows[i + 1]
    end
  end
  return math.huge
end

-- What was held less what has flowed in since: what is missing from the bucket because it was taken. That is no more than the
-- least debt since then, because below it the bucket would have been full.
function limiter.release(counter, returns)
  local limit = counter.limit
  local debt, time = counter.base, counter.base_time
  local function flow(to)
    if to > time then
      debt, time = max(0, debt - (to - time) * limit.permits), to
    end
  end
  for i = 1, #returns do
    local it = returns[i]
    flow(it.at and min(floor(it.at / limit.tick), counter.time) or counter.time)
    debt = debt - min(it.amount * counter.ticks, debt, lowest_since(counter, it.origin))
  end
  flow(counter.time)
  counter.debt, counter.base, counter.base_time = debt, debt, counter.time
  counter.used = ceil(debt / counter.ticks)
end

-- Permits that are used over the limit. The bucket is full again within a year, and its arithmetic stays exact.
function limiter.cap(counter)
  local limit = counter.limit
  local most = limit.permits == 0 and limit.burst * counter.ticks or floor(YEAR / limit.tick) * limit.permits
  counter.debt = math.min(counter.debt, most, EXACT)
  counter.used = ceil(counter.debt / counter.ticks)
end

function limiter.reset(counter)
  if counter.limit.permits == 0 then
    return counter.debt > 0 and counter.limit.window or 0
  end
  return counter.debt > 0 and until_gone(counter, counter.debt) or 0
end

local function lows_of(counter)
  local lows = counter.lows or {}
  return pack('<d' .. string.rep('d', #lows), counter.next, values_of(lows))
end

function limiter.save(counter, time_to_live)
  call('SET', counter.key,
    pack('<dddd', counter.time * counter.limit.tick, counter.debt, counter.ticks, counter.limit.permits)
      .. (counter.next and lows_of(counter) or ''),
    'PX', time_to_live)
end

return limiter
