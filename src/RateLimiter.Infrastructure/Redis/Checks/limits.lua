-- Reads limits. Returns a function of their text and the time, which gives a table of limits with these fields: limiter, the
-- module of the algorithm; permits, window, burst and tick, as in check.lua; and capacity, the most permits that can be taken at
-- once. The table has is_outdated when a limit is written for another time.

local limiter_of = load_module

return function(text, now)
  local limits = {}
  for algorithm, permits, window, burst, tick in string.gmatch(text, '(%S+) (%d+) (%S+) (%d+) (%d+)') do
    local limiter = limiter_of(algorithm)
    local limit = {
      limiter = limiter,
      permits = tonumber(permits),
      window = tonumber(window),
      burst = tonumber(burst),
      tick = tonumber(tick),
    }
    if limiter.parse and not limiter.parse(limit, window, now) then
      limits.is_outdated = true
    end
    limit.capacity = limiter.capacity(limit)
    limits[#limits + 1] = limit
  end
  return limits
end
