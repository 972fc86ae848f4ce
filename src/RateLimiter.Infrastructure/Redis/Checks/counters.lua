-- Opens and saves counters of any algorithm, with what open reservations hold of them.
--
-- State: that of the algorithm; of open reservations, that of holds.lua.
-- grace: for how many milliseconds a counter is kept beyond its end.

local call, format, ceil = redis.call, string.format, math.ceil
local counters = {}

-- The counter as it is now: what has expired is given back. It must be saved when it has_expired.
function counters.open(key, now, limit)
  local counter = limit.limiter.open(key, now, limit)
  if counter.next and counter.next <= now then
    load_module('holds').expire(limit.limiter, counter)
  end
  return counter
end

-- The time to live of a counter, in milliseconds, with which its holds are kept too.
local function keep(counter, reset, grace)
  local time_to_live = format('%d', ceil(reset / 1000) + grace)
  if counter.next then
    load_module('holds').keep(counter, time_to_live)
  end
  return time_to_live
end

-- reset: microseconds until all permits are back.
function counters.save(limiter, counter, reset, grace)
  local time_to_live = keep(counter, reset, grace)
  if reset > 0 then
    limiter.save(counter, time_to_live)
  else
    call('DEL', counter.key)
  end
  counter.has_expired = false
end

-- At a slower rate than the counter was written for, its permits take longer to replenish: it must not expire before.
function counters.prolong(limiter, counter, grace)
  if counter.limit.permits > 0 then
    local reset = limiter.reset(counter)
    if reset > 0 then
      call('PEXPIRE', counter.key, keep(counter, reset, grace))
    end
  end
end

return counters
