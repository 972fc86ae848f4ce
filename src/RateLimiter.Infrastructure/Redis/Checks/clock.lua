-- Reads the time. Returns a function of the given time in microseconds, or '' for the store's own, which gives the time in
-- microseconds, and for how many milliseconds a counter is kept beyond its end.

return function(given)
  local now = tonumber(given)
  if now then
    -- With a given time, the store's own clock must not expire a counter that is still in use.
    return now, 600000
  end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2]), 1
end
