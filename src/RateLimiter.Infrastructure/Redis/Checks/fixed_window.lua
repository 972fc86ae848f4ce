-- A counter that starts with the first permit and expires when its window ends.
--
-- State: start used, two doubles of 8 bytes. start: when the window began, in microseconds; used: the permits taken in
-- it. With open reservations a third: next (holds.lua).
-- See check.lua for what each function receives and returns.

local read, call, pack, unpack = load_module('read'), redis.call, struct.pack, struct.unpack
local limiter = {}

function limiter.capacity(limit)
  return limit.permits
end

function limiter.open(key, now, limit)
  local start, used, next = now, 0, nil
  local state = read(key)
  if state then
    local kept_start, kept_used = unpack('<dd', state)
    if kept_start > now + limit.window then
      call('DEL', key)
    elseif now < kept_start + limit.window then
      -- When the clock has stepped back, now is before the start: the window continues.
      start, used, next = kept_start, kept_used, #state > 16 and unpack('<d', state, 17) or nil
    end
  end
  return { key = key, limit = limit, now = now, start = start, used = used, next = next }
end

function limiter.wait(counter, cost)
  if counter.used + cost <= counter.limit.permits then
    return 0
  end
  return counter.start + counter.limit.window - counter.now
end

function limiter.acquire(counter, cost)
  counter.used = counter.used + cost
end

function limiter.refund(counter, cost)
  counter.used = math.max(0, counter.used - cost)
end

function limiter.origin(counter)
  return counter.start
end

function limiter.returns(counter, origin)
  return counter.start == origin
end

function limiter.release(counter, returns)
  for i = 1, #returns do
    if returns[i].origin == counter.start then
      counter.used = math.max(0, counter.used - returns[i].amount)
    end
  end
  if counter.used == 0 then
    -- An unused window has not begun.
    counter.start = counter.now
  end
end

function limiter.reset(counter)
  return counter.used > 0 and counter.start + counter.limit.window - counter.now or 0
end

function limiter.save(counter, time_to_live)
  call('SET', counter.key, pack('<dd', counter.start, counter.used) .. (counter.next and pack('<d', counter.next) or ''),
    'PX', time_to_live)
end

return limiter
