-- A counter that starts at the first permit and is forgotten when its window ends.
--
-- State: "start used", a string. start: when the window began, in microseconds; used: the permits taken in it.

local limiter = {}

-- The state of a limit now. limit: {permits, window} in microseconds; now: microseconds.
function limiter.open(key, now, limit)
  local start, used = now, 0
  local state = redis.call('GET', key)
  if state then
    local kept_start, kept_used = string.match(state, '^(%d+) (%d+)$')
    kept_start, kept_used = tonumber(kept_start), tonumber(kept_used)
    -- A clock that steps back stands still.
    now = math.max(now, kept_start)
    if now < kept_start + limit.window then
      start, used = kept_start, kept_used
    else
      start = now
    end
  end
  return { key = key, limit = limit, now = now, start = start, used = used }
end

-- How long until cost would pass: 0 now, -1 never.
function limiter.wait(counter, cost)
  if counter.used + cost <= counter.limit.permits then
    return 0
  elseif cost > counter.limit.permits then
    return -1
  end
  return counter.start + counter.limit.window - counter.now
end

-- Takes cost, which must be more than 0.
function limiter.take(counter, cost, grace)
  counter.used = counter.used + cost
  redis.call('SET', counter.key, string.format('%.0f %.0f', counter.start, counter.used),
    'PX', string.format('%.0f', math.ceil(limiter.reset(counter) / 1000) + grace))
end

function limiter.remaining(counter)
  return math.max(0, counter.limit.permits - counter.used)
end

-- How long until all permits are back.
function limiter.reset(counter)
  return counter.used > 0 and counter.start + counter.limit.window - counter.now or 0
end

return limiter
