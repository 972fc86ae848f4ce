-- How long a check waits for one limit, and how long its denial lasts. Both in microseconds.
--
-- State: that of the counter, which it only reads; of open reservations, that of holds.lua.

local waits = {}

local NEVER = -1

-- What is held may come back before the algorithm gives permits.
function waits.of(limit, counter, cost)
  if limit.permits == 0 or cost > limit.capacity then
    return NEVER
  end
  local wait = limit.limiter.wait(counter, cost)
  if wait > 0 and counter.next then
    local expiry = load_module('holds').wait(limit.limiter, counter, counter.used + cost - limit.capacity)
    wait = expiry and math.max(1, math.min(wait, expiry)) or wait
  end
  return wait
end

-- When the denial of a check ends for one of its limits. While a limit is exhausted, no caller can take from it, so that it
-- does not change until it has one permit more, or until a cost of 0 has waited for a limit that was lowered below what is
-- in use. Negative when others can take from it meanwhile.
function waits.until_change(limit, counter, wait)
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
  if counter.next then
    -- A hold may expire first.
    until_more = math.min(until_more, math.max(1, counter.next - counter.now))
  end
  return counter.used >= limit.capacity and until_more or -until_more
end

return waits
