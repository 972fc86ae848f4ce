-- Settles an open reservation, or lets it live longer.
--
-- KEYS[1]  what check.lua wrote when it was made: a hash with document, granted, committed, taken (the amount and the origin of each
--          counter), keeps, ttl and expires
-- KEYS[2…] its counters, in that order
-- ARGV[1]  the time in microseconds, or '' for the store's own
-- ARGV[2]  what to do: 'commit', 'extend' or 'release'
-- ARGV[3]  of a commit: the total cost so far; of an extension: the time to live in microseconds; else ''
-- ARGV[4]  of a commit: 1 when it is the last, else 0
-- ARGV[5]  the reservation's id
-- ARGV[6…] for each counter, its limit as in check.lua
--
-- Reply    a text: what became of it, and then numbers
--          settled charged released overrun late remaining   by the last commit, now or before. remaining is -1 without counters
--          held charged overrun remaining expires            by a commit that is not the last
--          extended expires
--          released
--          What has changed something now, other than an extension, goes on: at now returned remaining nearest, where returned is
--          what was given back, and nearest the index from 0 of the counter with the fewest permits left, or -1
--          gone       it was given back before
--          expired    what expired cannot be extended
--          different  the last commit was for another cost
--          less       a commit before was for more
--          unknown    there is none, or no more
--          outdated now  a limit is written for another time, and nothing was done

local KEYS, ARGV, call = KEYS, ARGV, redis.call
local format, ceil, max, min = string.format, math.ceil, math.max, math.min
local holds, read_limits, counter_store = load_module('holds'), load_module('limits'), load_module('counters')
local now, grace = load_module('clock')(ARGV[1])

-- A reservation that is settled is remembered for 10 minutes, so that a repetition gets the same answer.
local KEPT_FOR = 600000

local record, verb, id = KEYS[1], ARGV[2], ARGV[5]

local state = call('HMGET', record, 'settled', 'granted', 'committed', 'taken', 'keeps', 'ttl', 'expires')
local settled = state[1]
if settled then
  if settled == 'released' then
    return verb == 'release' and 'released' or 'gone'
  elseif verb == 'extend' then
    return 'gone'
  elseif verb == 'release' or string.match(settled, '^settled (%d+)') ~= ARGV[3] then
    return 'different'
  end
  return settled
elseif not state[2] then
  return 'unknown'
end

local granted, committed, keeps = tonumber(state[2]), tonumber(state[3]), tonumber(state[5])
local ttl, expires = tonumber(state[6]), tonumber(state[7])
local is_late = now >= expires
local is_last = verb == 'release' or ARGV[4] == '1' or is_late
local total = verb == 'commit' and tonumber(ARGV[3]) or committed
if verb == 'extend' then
  if is_late then
    return 'expired'
  end
  ttl = tonumber(ARGV[3])
elseif total < committed then
  return 'less'
end

-- All are read before one is written.
local counters, taken = {}, {}
for text in string.gmatch(state[4], '%S+') do
  taken[#taken + 1] = tonumber(text)
end
for i = 2, #KEYS do
  local limits = read_limits(ARGV[4 + i], now)
  if limits.is_outdated then
    return format('outdated %d', now)
  end
  counters[i - 1] = counter_store.open(KEYS[i], now, limits[1])
end

-- How many permits are to be taken in the end, or until the next call, where so many are taken now.
local function target_of(amount)
  if verb == 'extend' or verb == 'release' and is_late then
    return amount
  elseif verb == 'release' then
    return min(amount, committed)
  elseif is_last and not (is_late and keeps == 1) then
    return total
  end
  return max(total, amount)
end

expires = is_last and expires or now + ttl
local overrun, remaining, nearest, is_of_slots = 0, -1, -1, nil
for i = 1, #counters do
  local counter = counters[i]
  local limit = counter.limit
  local limiter, used = limit.limiter, counter.used
  local amount, origin = taken[2 * i - 1], taken[2 * i]
  local is_changed = counter.has_expired
  -- Of slots nothing is committed, and all come back.
  local counts_slots = limiter.counts_slots
  local committed, keeps = counts_slots and 0 or committed, counts_slots and 0 or keeps
  local is_held = not is_late and holds.remove(counter, id, max(0, amount - committed), origin, keeps)
  if not is_held and not is_late then
    -- The counter was reset: nothing is taken from it any more.
    amount = 0
  elseif is_late and keeps == 0 then
    amount = min(amount, committed)
  end

  local target = target_of(amount)
  if counts_slots then
    target = is_last and 0 or amount
  end
  if target > amount then
    limiter.acquire(counter, target - amount)
    if limiter.cap then
      limiter.cap(counter)
    end
    overrun = max(overrun, min(target - amount, counter.used - limit.capacity))
    is_changed = true
  elseif target < amount then
    limiter.release(counter, { { amount = amount - target, origin = origin } })
    is_changed = true
  end
  if not is_last then
    -- Also where nothing is held: the next call must not take it for a counter that was reset.
    origin = is_held and origin or limiter.origin(counter)
    holds.add(counter, id, counts_slots and target or max(0, target - total), origin, keeps, expires)
    is_changed = true
  end
  taken[2 * i - 1], taken[2 * i] = target, origin
  if is_changed then
    counter_store.save(limiter, counter, limiter.reset(counter), grace)
  end
  local left = max(0, limit.capacity - counter.used)
  -- The permits left are told rather than the slots.
  if remaining < 0 or (is_of_slots and not counts_slots) or (is_of_slots == counts_slots and left < remaining) then
    remaining, nearest, is_of_slots = left, i - 1, counts_slots
  end
  -- No denial of slots is cached.
  if not counts_slots and counter.used < used and used >= limit.capacity then
    -- Instances cache denials, which are invalid now.
    redis.pcall('PUBLISH', 'rl:news', 'freed ' .. counter.key)
  end
end

local is_new = verb ~= 'extend' and (is_last and not (verb == 'release' and is_late) or total > committed)
local returned = is_last and not is_late and max(0, granted - total) or 0
local change = is_new and format(' at %d %d %d %d', now, returned, remaining, nearest) or ''
if is_last then
  local result = 'released'
  if verb == 'commit' then
    local released = is_late and 0 or max(0, granted - total)
    result = format('settled %d %d %d %d %d', total, released, overrun, is_late and 1 or 0, remaining)
  end
  call('DEL', record)
  call('HSET', record, 'settled', result)
  call('PEXPIRE', record, KEPT_FOR)
  return result .. change
end
local texts = {}
for i = 1, #taken do
  texts[i] = format('%d', taken[i])
end
call('HSET', record, 'committed', format('%d', total), 'taken', table.concat(texts, ' '), 'ttl', format('%d', ttl), 'expires',
  format('%d', expires))
call('PEXPIRE', record, format('%d', ceil(ttl / 1000) + KEPT_FOR))
if verb == 'extend' then
  return format('extended %d', expires)
end
return format('held %d %d %d %d', total, overrun, remaining, expires) .. change
