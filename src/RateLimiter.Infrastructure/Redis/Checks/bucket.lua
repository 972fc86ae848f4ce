-- A bucket of permits that is replenished evenly: limit permits per window, up to burst. The token bucket and the leaky
-- bucket.
--
-- State: last debt ticks permits, four doubles of 8 bytes. last: when the state was computed, in microseconds; debt:
-- what is missing from a full bucket, in permits times ticks; ticks, permits: the window's length in ticks and the
-- limit at that time. With open reservations a fifth: next (holds.lua).
-- See check.lua for what each function receives and returns. In one tick the debt shrinks by limit, so that no fraction
-- is ever rounded away.

local read, call, pack, unpack = load_module('read'), redis.call, struct.pack, struct.unpack
local floor, ceil, max = math.floor, math.ceil, math.max
local limiter = {}

local YEAR, EXACT = 31536000 * 1000000, 2 ^ 52

function limiter.capacity(limit)
  return limit.burst
end

function limiter.open(key, now, limit)
  local ticks = limit.window / limit.tick
  local time, debt, is_changed, next = floor(now / limit.tick), 0, false, nil
  local state = read(key)
  if state then
    local kept_last, kept_debt, kept_ticks, kept_permits = unpack('<dddd', state)
    if kept_last > now + limit.window then
      call('DEL', key)
    else
      debt = kept_debt
      next = #state > 32 and unpack('<d', state, 33) or nil
      is_changed = kept_ticks ~= ticks or kept_permits ~= limit.permits
      if kept_ticks ~= ticks then
        -- The window or the tick has changed: as many permits are missing as before.
        debt = floor(debt / kept_ticks * ticks)
      end
      -- When the clock has stepped back, time stands still here.
      local last = ceil(kept_last / limit.tick)
      time = max(time, last)
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
  counter.debt = counter.debt + cost * counter.ticks
  counter.used = counter.used + cost
end

function limiter.refund(counter, cost)
  counter.debt = max(0, counter.debt - cost * counter.ticks)
  counter.used = ceil(counter.debt / counter.ticks)
end

function limiter.origin(counter)
  return counter.time * counter.limit.tick
end

-- What expiry gives back depends on what flows in until then.
function limiter.returns()
  return false
end

-- What was held less what has flowed in since: no more than if it had never been taken.
function limiter.release(counter, returns)
  local limit = counter.limit
  for i = 1, #returns do
    local it = returns[i]
    local until_then = it.at and floor(it.at / limit.tick) or counter.time
    local elapsed = max(0, until_then - ceil(it.origin / limit.tick))
    local held = it.amount * counter.ticks
    if limit.permits == 0 or elapsed < held / limit.permits then
      counter.debt = max(0, counter.debt - (held - elapsed * limit.permits))
    end
  end
  counter.used = ceil(counter.debt / counter.ticks)
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

function limiter.save(counter, time_to_live)
  call('SET', counter.key,
    pack('<dddd', counter.time * counter.limit.tick, counter.debt, counter.ticks, counter.limit.permits)
      .. (counter.next and pack('<d', counter.next) or ''),
    'PX', time_to_live)
end

return limiter
