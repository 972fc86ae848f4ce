-- Two counters in windows aligned to the clock: the previous window is weighted by the fraction of it that still lies
-- within one window's length.
--
-- State: index current previous, three doubles of 8 bytes. index: the number of the window since 1970; current,
-- previous: the permits taken in it and in the one before. With open reservations a fourth: next (holds.lua).
-- See check.lua for what each function receives and returns. With P and C the previous and current permits, w the
-- window and e the part of it that has passed, both in ticks, a cost c passes when P·(w−e) + (C+c)·w ≤ L·w.

local read, call, pack, unpack = load_module('read'), redis.call, struct.pack, struct.unpack
local floor, ceil, max = math.floor, math.ceil, math.max
local limiter = {}

function limiter.capacity(limit)
  return limit.permits
end

local function used(counter)
  return counter.current + ceil(counter.previous * (counter.ticks - counter.elapsed) / counter.ticks)
end

function limiter.open(key, now, limit)
  local index, current, previous, next = floor(now / limit.window), 0, 0, nil
  local state = read(key)
  if state then
    local kept_index, kept_current, kept_previous = unpack('<ddd', state)
    local kept_next = #state > 24 and unpack('<d', state, 25) or nil
    if kept_index * limit.window > now + limit.window then
      call('DEL', key)
    elseif index <= kept_index then
      -- When the clock has stepped back, time stands still at the window's start.
      index, current, previous, next = kept_index, kept_current, kept_previous, kept_next
    elseif index == kept_index + 1 then
      previous, next = kept_current, kept_next
    end
  end
  local counter = {
    key = key,
    limit = limit,
    now = now,
    index = index,
    current = current,
    previous = previous,
    next = next,
    ticks = limit.window / limit.tick,
    elapsed = max(0, floor((now - index * limit.window) / limit.tick)),
    used = 0,
  }
  counter.used = used(counter)
  return counter
end

function limiter.wait(counter, cost)
  local limit, ticks = counter.limit, counter.ticks
  local room = limit.permits - cost - counter.current
  if room >= 0 and counter.previous * (ticks - counter.elapsed) <= room * ticks then
    return 0
  end

  -- The tick of this window at which the previous one has lost enough weight, if that comes before its end.
  if room >= 0 then
    local tick = ticks - floor(room * ticks / counter.previous)
    if tick < ticks then
      return counter.index * limit.window + tick * limit.tick - counter.now
    end
  end

  -- In the next window, the current one is weighted as the previous one.
  local tick = 0
  if counter.current > 0 then
    tick = max(0, ticks - floor((limit.permits - cost) * ticks / counter.current))
  end
  return (counter.index + 1) * limit.window + tick * limit.tick - counter.now
end

function limiter.acquire(counter, cost)
  counter.current = counter.current + cost
  counter.used = counter.used + cost
end

function limiter.refund(counter, cost)
  local from_current = math.min(cost, counter.current)
  counter.current = counter.current - from_current
  counter.previous = max(0, counter.previous - (cost - from_current))
  counter.used = used(counter)
end

-- Permits that are used over the limit: the arithmetic stays exact.
function limiter.cap(counter)
  counter.current = math.min(counter.current, floor(2 ^ 52 / counter.ticks))
  counter.used = used(counter)
end

function limiter.origin(counter)
  return counter.index
end

-- What the window before gives back counts for less.
function limiter.returns(counter, origin)
  return counter.index == origin
end

function limiter.release(counter, returns)
  for i = 1, #returns do
    local amount, origin = returns[i].amount, returns[i].origin
    if origin == counter.index then
      counter.current = max(0, counter.current - amount)
    elseif origin == counter.index - 1 then
      counter.previous = max(0, counter.previous - amount)
    end
  end
  counter.used = used(counter)
end

function limiter.reset(counter)
  local windows = counter.current > 0 and 2 or counter.previous > 0 and 1 or 0
  return windows > 0 and (counter.index + windows) * counter.limit.window - counter.now or 0
end

function limiter.save(counter, time_to_live)
  call('SET', counter.key,
    pack('<ddd', counter.index, counter.current, counter.previous) .. (counter.next and pack('<d', counter.next) or ''),
    'PX', time_to_live)
end

return limiter
