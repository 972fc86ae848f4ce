-- A counter for each period of a calendar, which expires when the period ends.
--
-- State: start used, two doubles of 8 bytes. start: when the period began, in microseconds; used: the permits taken in
-- it.
-- window, in the text of a limit, is the starts of five periods in a row, with a comma between: the one before the present
-- one, the present one, and the three after it. Which of the first three is present, the store's clock says.
-- See check.lua for what each function receives and returns.

local read, call, pack, unpack = load_module('read'), redis.call, struct.pack, struct.unpack
local limiter = {}

function limiter.capacity(limit)
  return limit.permits
end

-- Finds the period of a time, and the one after it. False when it is none of the first three.
function limiter.parse(limit, text, now)
  local starts = {}
  for start in string.gmatch(text, '%d+') do
    starts[#starts + 1] = tonumber(start)
  end
  for i = 1, 3 do
    if starts[i] <= now and now < starts[i + 1] then
      limit.start, limit.finish, limit.next_finish = starts[i], starts[i + 1], starts[i + 2]
      limit.window = limit.finish - now
      return true
    end
  end
  return false
end

function limiter.open(key, now, limit)
  local start, finish, used = limit.start, limit.finish, 0
  local state = read(key)
  if state then
    local kept_start, kept_used = unpack('<dd', state)
    if kept_start >= start and kept_start <= now then
      used = kept_used
    elseif kept_start == finish then
      -- The clock has stepped back over the start of a period: the period continues.
      start, finish, used = kept_start, limit.next_finish, kept_used
    elseif kept_start > now then
      call('DEL', key)
    end
  end
  return { key = key, limit = limit, now = now, start = start, finish = finish, used = used }
end

function limiter.wait(counter, cost)
  if counter.used + cost <= counter.limit.permits then
    return 0
  end
  return counter.finish - counter.now
end

function limiter.acquire(counter, cost)
  counter.used = counter.used + cost
end

function limiter.refund(counter, cost)
  counter.used = math.max(0, counter.used - cost)
end

function limiter.reset(counter)
  return counter.used > 0 and counter.finish - counter.now or 0
end

function limiter.save(counter, time_to_live)
  call('SET', counter.key, pack('<dd', counter.start, counter.used), 'PX', time_to_live)
end

return limiter
