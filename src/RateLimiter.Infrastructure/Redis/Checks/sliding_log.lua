-- Every permit counts for exactly one window's length after it was taken.
--
-- State: a list, oldest first, each entry time before permits, three doubles of 8 bytes. time: when they were taken, in
-- microseconds; before: how many were taken before them since the list began; permits: how many. The running sums make
-- it possible to find an entry without adding up. With open reservations the last entry has a fourth: next (holds.lua).
-- See check.lua for what each function receives and returns. Reading an entry is what costs, and it costs more the
-- longer the list is: few are read, however many there are, and none is removed singly.

local values_of = unpack
local call, pack, unpack = redis.call, struct.pack, struct.unpack
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
local limiter = {}

function limiter.capacity(limit)
  return limit.permits
end

local function parse(state)
  local time, before, permits = unpack('<ddd', state)
  return { time = time, before = before, permits = permits }
end

local function entry(key, index)
  return parse(call('LINDEX', key, index))
end

local function time_of(candidate)
  return candidate.time
end

-- How many permits had been taken with the entry, and how many without it.
local function sums_of(candidate)
  return candidate.before + candidate.permits, candidate.before
end

-- The index of the first entry whose value reaches a goal, and the entry. Values increase along the list: the entry
-- before low has the value from, below the goal, and the given entry at high reaches it. Looks at the interpolated
-- position twice, and otherwise in the middle, so that the most uneven list takes two looks more than a binary search.
local function find(key, low, high, found, from, goal, value)
  local to, before = value(found)
  local looks = 0
  while low < high and not (before and before < goal) do
    local index = floor((low + high) / 2)
    looks = looks + 1
    if looks == 1 or looks == 3 then
      index = min(high - 1, low - 1 + ceil((goal - from) / (to - from) * (high - low + 1)))
    end
    local candidate = entry(key, index)
    local reached, reached_before = value(candidate)
    if reached < goal then
      low, from = index + 1, reached
    else
      high, found, to, before = index, candidate, reached, reached_before
    end
  end
  return high, found
end

function limiter.open(key, now, limit)
  local length, dead_until = call('LLEN', key), now - limit.window
  local last, next
  if length > 0 then
    local state = call('LINDEX', key, length - 1)
    last, next = parse(state), #state > 24 and unpack('<d', state, 25) or nil
  end
  if last and last.time > now + limit.window then
    call('DEL', key)
    length, last, next = 0, nil, nil
  end
  local counter = {
    key = key,
    limit = limit,
    now = now,
    length = length,
    last_index = length - 1,
    next = next,
    first = length,
    used = 0,
    total = 0,
  }
  if last and last.time > dead_until then
    local first, oldest = 0, length > 1 and entry(key, 0) or last
    -- Usually the oldest entry is still alive.
    if oldest.time <= dead_until then
      first, oldest = find(key, 1, length - 1, last, oldest.time, dead_until + 1, time_of)
    end
    counter.first, counter.oldest, counter.last = first, oldest, last
    counter.total = last.before + last.permits
    counter.used = counter.total - oldest.before
  end
  return counter
end

-- The entry at which the permits in use, counted from the oldest, reach this number, and its index.
local function entry_of(counter, permits)
  local oldest, first = counter.oldest, counter.first
  if permits <= oldest.permits then
    return first, oldest
  end
  local goal = oldest.before + permits
  return find(counter.key, first + 1, counter.length - 1, counter.last, sums_of(oldest), goal, sums_of)
end

function limiter.wait(counter, cost)
  local excess = counter.used + cost - counter.limit.permits
  if excess <= 0 then
    return 0
  end
  local _, last_to_go = entry_of(counter, excess)
  return last_to_go.time + counter.limit.window - counter.now
end

function limiter.acquire(counter, cost)
  counter.used = counter.used + cost
  -- When the clock has stepped back, time stands still here, so that the list stays in order.
  local time = max(counter.now, counter.last and counter.last.time or 0)
  counter.last = { time = time, before = counter.total, permits = cost }
  counter.is_acquired = true
end

-- The newest permits are given back first.
function limiter.refund(counter, cost)
  counter.used = max(0, counter.used - cost)
  if counter.used > 0 then
    local index, last = entry_of(counter, counter.used)
    local permits = counter.oldest.before + counter.used - last.before
    counter.last_index, counter.last = index, { time = last.time, before = last.before, permits = permits }
  end
end

function limiter.origin(counter)
  return counter.last and counter.last.time or counter.now
end

function limiter.returns(counter, origin)
  return origin > counter.now - counter.limit.window
end

-- Permits are equal when they were taken at the same time: they stop counting at the same time. All that come after the first of
-- them are written again, because their sums have changed.
function limiter.release(counter, returns)
  local dead_until, sums, earliest = counter.now - counter.limit.window, {}, nil
  for i = 1, #returns do
    local origin = returns[i].origin
    if origin > dead_until then
      sums[origin] = (sums[origin] or 0) + returns[i].amount
      earliest = min(earliest or origin, origin)
    end
  end
  if not earliest or counter.used == 0 then
    return
  end
  local key, index = counter.key, counter.first
  if counter.oldest.time < earliest then
    if counter.last.time < earliest then
      return
    end
    index = find(key, index + 1, counter.last_index, counter.last, counter.oldest.time, earliest, time_of)
  end
  local kept, released, last = {}, 0, index > counter.first and entry(key, index - 1) or nil
  local states = call('LRANGE', key, index, counter.last_index)
  for i = 1, #states do
    local it = parse(states[i])
    local taken = min(it.permits, sums[it.time] or 0)
    if taken > 0 then
      sums[it.time] = sums[it.time] - taken
    end
    it.before = it.before - released
    it.permits = it.permits - taken
    released = released + taken
    if it.permits > 0 then
      last = it
      kept[#kept + 1] = pack('<ddd', it.time, it.before, it.permits)
    end
  end
  if released == 0 then
    return
  end
  if index > 0 then
    call('LTRIM', key, 0, index - 1)
  else
    call('DEL', key)
  end
  for i = 1, #kept, 1000 do
    call('RPUSH', key, values_of(kept, i, min(i + 999, #kept)))
  end
  counter.length = index + #kept
  counter.last_index, counter.last = counter.length - 1, last
  counter.used = counter.used - released
  counter.total = counter.total - released
  if counter.used > 0 and index == counter.first then
    counter.oldest = parse(kept[1])
  end
end

function limiter.reset(counter)
  return counter.used > 0 and counter.last.time + counter.limit.window - counter.now or 0
end

function limiter.save(counter, time_to_live)
  local key, last = counter.key, counter.last
  -- Trim one end after the other: the embedded store takes a multiple of the time for both at once.
  if counter.last_index < counter.length - 1 then
    call('LTRIM', key, 0, counter.last_index)
  end
  if counter.first > 0 then
    call('LTRIM', key, counter.first, -1)
  end
  local state = pack('<ddd', last.time, last.before, last.permits) .. (counter.next and pack('<d', counter.next) or '')
  if counter.is_acquired then
    call('RPUSH', key, state)
  else
    call('LSET', key, -1, state)
  end
  call('PEXPIRE', key, time_to_live)
end

return limiter
