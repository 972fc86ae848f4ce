-- Every permit counts for exactly one window's length after it was taken.
--
-- State: a list, oldest first, each entry time before permits, three doubles of 8 bytes. time: when they were taken, in
-- microseconds; before: how many were taken before them since the list began; permits: how many. The sums make it
-- possible to find an entry by bisection instead of adding up.
-- See check.lua for what each function is given and gives.

local call, pack, unpack = redis.call, struct.pack, struct.unpack
local limiter = {}

function limiter.capacity(limit)
  return limit.permits
end

local function entry(key, index)
  local time, before, permits = unpack('<ddd', call('LINDEX', key, index))
  return { time = time, before = before, permits = permits }
end

-- The first index from low on, and below high, whose entry fits; high when there is none. Entries that fit come after
-- those that do not.
local function bisect(key, low, high, fits)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if fits(entry(key, middle)) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

function limiter.open(key, now, limit)
  local counter = { key = key, limit = limit, now = now, first = 0, used = 0, total = 0, taken = 0 }
  local length = call('LLEN', key)
  if length > 0 then
    local last = entry(key, length - 1)
    local function alive(candidate)
      return candidate.time + limit.window > now
    end
    -- Mostly the oldest one is alive; without this, every check would bisect.
    counter.first = alive(entry(key, 0)) and 0 or bisect(key, 1, length, alive)
    if counter.first < length then
      counter.total = last.before + last.permits
      counter.used = counter.total - entry(key, counter.first).before
      counter.last = last
    end
  end
  counter.length = length
  return counter
end

function limiter.wait(counter, cost)
  local excess = counter.used + cost - counter.limit.permits
  if excess <= 0 then
    return 0
  end
  local enough = counter.total - counter.used + excess
  local index = bisect(counter.key, counter.first, counter.length - 1, function(candidate)
    return candidate.before + candidate.permits >= enough
  end)
  return entry(counter.key, index).time + counter.limit.window - counter.now
end

function limiter.take(counter, cost)
  counter.taken = cost
  counter.used = counter.used + cost
  -- A clock that stepped back stands still, so that the list stays in order.
  local time = math.max(counter.now, counter.last and counter.last.time or 0)
  counter.last = { time = time, before = counter.total, permits = cost }
end

local function push(key, added)
  call('RPUSH', key, pack('<ddd', added.time, added.before, added.permits))
end

-- The newest permits come back first. Writes at once, because what is then the last decides when all are back.
function limiter.give(counter, cost)
  local rest = math.min(cost, counter.used)
  counter.used = counter.used - rest
  while rest > 0 do
    local last = entry(counter.key, -1)
    call('RPOP', counter.key)
    if last.permits > rest then
      last.permits = last.permits - rest
      rest = 0
      push(counter.key, last)
    else
      rest = rest - last.permits
    end
  end
  if counter.used > 0 then
    counter.last = entry(counter.key, -1)
  end
end

function limiter.reset(counter)
  return counter.used > 0 and counter.last.time + counter.limit.window - counter.now or 0
end

function limiter.save(counter, time_to_live)
  if counter.first > 0 then
    call('LTRIM', counter.key, counter.first, -1)
  end
  if counter.taken > 0 then
    push(counter.key, counter.last)
  end
  call('PEXPIRE', counter.key, time_to_live)
end

return limiter
