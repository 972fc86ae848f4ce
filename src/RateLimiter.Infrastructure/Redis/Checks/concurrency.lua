-- The slots of reservations that are open at once. They come back when a reservation is settled or expires.
--
-- State: used next, two doubles of 8 bytes. used: the slots of open reservations; next: see holds.lua, which has them.
-- See check.lua for what each function receives and returns. window is the longest time to live of a reservation.

local read, holds, call, pack, unpack = load_module('read'), load_module('holds'), redis.call, struct.pack, struct.unpack
local limiter = { counts_slots = true }

function limiter.capacity(limit)
  return limit.permits
end

function limiter.open(key, now, limit)
  local counter = { key = key, limit = limit, now = now, used = 0 }
  local state = read(key)
  if state then
    local used, next = unpack('<dd', state)
    if next > now + limit.window then
      call('DEL', key)
      holds.delete(counter)
    else
      counter.used, counter.next = used, next
    end
  end
  return counter
end

-- At most: waits.lua knows which holds are enough.
function limiter.wait(counter, cost)
  return counter.used + cost <= counter.limit.permits and 0 or holds.last(counter)
end

function limiter.acquire(counter, cost)
  counter.used = counter.used + cost
end

function limiter.origin(_)
  return 0
end

function limiter.returns(_, _)
  return true
end

function limiter.release(counter, returns)
  for i = 1, #returns do
    counter.used = math.max(0, counter.used - returns[i].amount)
  end
end

function limiter.reset(counter)
  return counter.used > 0 and holds.last(counter) or 0
end

function limiter.save(counter, time_to_live)
  call('SET', counter.key, pack('<dd', counter.used, counter.next), 'PX', time_to_live)
end

return limiter
