-- The permits that open reservations hold, beside the counter that they were taken from.
--
-- State: a sorted set beside each counter. Score: when the hold expires, in microseconds; member: the reservation's id of 24
-- characters, then amount origin keeps, three doubles of 8 bytes. amount: what expiry gives back; origin: where the permits were
-- taken, as the limiter's origin says; keeps: 1 when expiry gives back nothing.
-- A counter with holds has a field next: a time no later than the first expiry. It is part of the counter's state, so that a check
-- of a counter without holds costs nothing more.

local call, pack, unpack, format = redis.call, struct.pack, struct.unpack, string.format
local holds = {}

local ID = 24

-- The most open reservations of a counter.
holds.MAX = 10000

local function key_of(counter)
  return counter.key .. ':holds'
end

local function member_of(id, amount, origin, keeps)
  return id .. pack('<ddd', amount, origin, keeps)
end

-- Gives back what has expired, all of it: nothing else does.
function holds.expire(limiter, counter)
  local key, now = key_of(counter), format('%d', counter.now)
  local expired = call('ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES')
  local returns = {}
  for i = 1, #expired, 2 do
    local amount, origin, keeps = unpack('<ddd', expired[i], ID + 1)
    if amount > 0 and keeps == 0 then
      returns[#returns + 1] = { amount = amount, origin = origin, at = tonumber(expired[i + 1]) }
    end
  end
  if #returns > 0 then
    limiter.release(counter, returns)
  end
  if #expired > 0 then
    call('ZREMRANGEBYSCORE', key, '-inf', now)
  end
  counter.next = tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
  counter.has_expired = true
end

-- The longest time to live of a reservation, in milliseconds.
local LONGEST = 3600000

-- Lets the holds live longer than the counter: what has expired is given back as long as it is there.
-- time_to_live: that of the counter, in milliseconds.
function holds.keep(counter, time_to_live)
  call('PEXPIRE', key_of(counter), format('%d', time_to_live + LONGEST))
end

-- Whether as many reservations as may be are open.
function holds.are_full(counter)
  local key = key_of(counter)
  if call('ZCARD', key) < holds.MAX then
    return false
  end
  -- Those of a window that is gone are not looked for otherwise.
  call('ZREMRANGEBYSCORE', key, '-inf', format('%d', counter.now))
  return call('ZCARD', key) >= holds.MAX
end

function holds.add(counter, id, amount, origin, keeps, expires)
  local key = key_of(counter)
  if not counter.next then
    -- What expired while the counter was gone is worth nothing.
    call('ZREMRANGEBYSCORE', key, '-inf', format('%d', counter.now))
  end
  call('ZADD', key, format('%d', expires), member_of(id, amount, origin, keeps))
  counter.next = math.min(counter.next or expires, expires)
end

-- Removes a hold. False when there is none, because it has expired or the counter was reset.
function holds.remove(counter, id, amount, origin, keeps)
  return call('ZREM', key_of(counter), member_of(id, amount, origin, keeps)) == 1
end

-- Microseconds until enough holds have expired for so many permits to be back, or nil when the first hundred are too few.
function holds.wait(limiter, counter, permits)
  local found = call('ZRANGE', key_of(counter), 0, 99, 'WITHSCORES')
  for i = 1, #found, 2 do
    local amount, origin, keeps = unpack('<ddd', found[i], ID + 1)
    if keeps == 0 and limiter.returns(counter, origin) then
      permits = permits - amount
    end
    if permits <= 0 then
      return tonumber(found[i + 1]) - counter.now
    end
  end
end

-- Microseconds until the last hold expires; 0 when there is none.
function holds.last(counter)
  local expires = call('ZRANGE', key_of(counter), -1, -1, 'WITHSCORES')[2]
  return expires and math.max(0, tonumber(expires) - counter.now) or 0
end

function holds.delete(counter)
  call('DEL', key_of(counter))
end

return holds
