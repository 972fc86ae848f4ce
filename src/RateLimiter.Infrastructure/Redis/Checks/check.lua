-- Decides checks. Each takes permits from every limit of its policy or from none of them, and none affects another.
--
-- KEYS     for each check, one counter for each of its limits, where its answer is kept if it has an idempotency key, and where a
--          reservation is kept
-- ARGV[1]  the time in microseconds, or '' for the store's own
-- ARGV[2]  what to do: 'acquire' permits, 'peek' whether they could be acquired, 'refund' them, or 'reserve': acquire them until they
--          are settled (settle.lua) or expire
-- ARGV[3…] for each check two values: its cost, or its cost and after a space the fewest permits that it takes when not all
--          are left, and after another space 'once' if it has an idempotency key; and its limits, "algorithm permits window burst tick" one after another with a space between. window is
--          in microseconds, or what the algorithm's parse reads; tick, the unit in which its arithmetic stays below 2^53, is
--          too. A reservation has the fewest permits always, after them its time to live in microseconds, its slots, and 1 if
--          expiry gives back nothing, else 0; and two values more: its id, and what settling it needs to know
--
-- Reply    1. whole numbers, each a double of 8 bytes, the lowest first: the time in microseconds, then for each limit
--             of each check
--             wait       microseconds until this check would pass; 0: it passes, -1: never, -2: the counter is broken, -3: a
--                        limit is written for another time, and nothing was done, -4: the idempotency key was used for
--                        another cost, and nothing was done, -5: as many reservations are open as may be
--             remaining  the permits left after what was done
--             reset      microseconds until all permits are back
--             used       the permits in use before it
--             until      when the check is denied: microseconds until this limit alone may change: until it has one
--                        permit more, or until its wait ends; else 0. Positive when the limit is exhausted, so that
--                        nobody can take from it meanwhile; negative when others can. Of an answer that was kept: when it
--                        was given, in microseconds, with a minus; all waits are 0
--          2. when a counter is broken, what is wrong with it, else ''
--          3. of reservations, the id of each that was made, or ''
--
-- load_module gives 'read', and for each algorithm a limiter with counts_slots when it counts the slots of reservations instead of
-- their cost, and with these functions:
--            parse(limit, window, now)  where window is not a number: reads it for this time; false when it is for another
--            capacity(limit)        the most permits that can ever be taken at once
--            open(key, now, limit)  the counter as it is now: a table with these three fields, and with used, the permits in
--                                   use, rounded up; with is_changed when it was written for another rate. A counter
--                                   more than a window ahead was written by a wrong clock, and would block for as
--                                   long as the clock was wrong by: it is deleted, and starts now
--            wait(counter, cost)    microseconds until a cost that capacity allows would pass, 0 when it does
--            acquire(counter, cost) takes permits
--            refund(counter, cost)  gives permits back, never above the limit
--            reset(counter)         microseconds until all permits are back, 0 when they are
--            origin(counter)        where what was just acquired was taken: a number that says what is left of it later
--            returns(counter, origin)  whether what was taken there and is released now is back in full
--            release(counter, returns) gives back what was held: a list of tables with amount, origin, and at, when it expired,
--                                   or nil for now. To where it was taken, and nothing where that is gone
--            cap(counter)           where permits used over the limit could grow without bound: bounds them
--            save(counter, ttl)     writes the counter, which expires after this many milliseconds

local KEYS, ARGV, call = KEYS, ARGV, redis.call
-- Every number here is exact as a double, and scripts compute with doubles. Garnet's struct corrupts integers of 8
-- bytes.
local pack, format, ceil = struct.pack, string.format, math.ceil

local BROKEN, OUTDATED, KEY_REUSED, FULL = -2, -3, -4, -5
local verb = ARGV[2]
local is_reserve, is_refund = verb == 'reserve', verb == 'refund'
local is_acquire = verb == 'acquire' or is_reserve
local read, wait, counter_store = load_module('read'), load_module('waits'), load_module('counters')
local holds = is_reserve and load_module('holds')
local now, grace = load_module('clock')(ARGV[1])

-- The parsed limits of each text. Most checks of a call use the same few policies.
local parsed, read_limits = {}, load_module('limits')
local function limits_of(text)
  local limits = read_limits(text, now)
  parsed[text] = limits
  return limits
end

-- The counters of the check that is being decided, what it asks of each, and their waits. Allocated once, because tables are
-- expensive.
local counters, amounts, waits = {}, {}, {}

local reply, ids = { pack('<d', now) }, {}

-- An answer is kept for 10 minutes: what was asked, a line break, the id of a reservation, another one, the time, and the figures
-- of each limit.
local KEPT_FOR = 600000
local FIGURES = 24

-- Replies with the kept answer. When the policy has other limits by now, their figures are unknown: all permits are left.
local function reply_kept(kept, place, limits, asked)
  local kept_asked, id, answer = string.match(kept, '^([^\n]*)\n([^\n]*)\n(.*)$')
  local outcome = kept_asked == asked and 0 or KEY_REUSED
  local time, is_whole = struct.unpack('<d', answer), #answer == 8 + FIGURES * #limits
  for i = 1, #limits do
    local first = 9 + FIGURES * (i - 1)
    local figures = is_whole and string.sub(answer, first, first + FIGURES - 1) or pack('<ddd', limits[i].capacity, 0, 0)
    reply[place + i] = pack('<d', outcome) .. figures .. pack('<d', -time)
  end
  return id
end

-- Without a check: the same for all of its limits.
local function reply_nothing(place, limits, why)
  for i = 1, #limits do
    reply[place + i] = pack('<ddddd', why, 0, 0, 0, 0)
  end
end

-- Decides one check and adds to the reply. Reads all of its counters before it writes one, so that a broken counter is
-- found before anything is taken.
local function decide(first_key, place, limits, cost, min_cost, asked, reservation)
  local count, allowed, slots = #limits, true, reservation and reservation.slots or 1
  if limits.is_outdated then
    reply_nothing(place, limits, OUTDATED)
    return ''
  end
  local kept = asked and read(KEYS[first_key + count + 1])
  if kept then
    return reply_kept(kept, place, limits, asked)
  end
  for i = 1, count do
    local limit = limits[i]
    local counter = counter_store.open(KEYS[first_key + i], now, limit)
    counters[i] = counter
    if reservation and holds.are_full(counter) then
      reply_nothing(place, limits, FULL)
      return ''
    end
    if min_cost < cost and not limit.limiter.counts_slots then
      -- All that is left, the same number from each limit.
      cost = math.max(min_cost, math.min(cost, limit.capacity - counter.used))
    end
  end
  for i = 1, count do
    amounts[i] = limits[i].limiter.counts_slots and slots or cost
    waits[i] = is_refund and 0 or wait.of(limits[i], counters[i], amounts[i])
    allowed = allowed and waits[i] == 0
  end

  local is_denied = is_acquire and not allowed
  local answer = asked and pack('<d', now)
  local taken = reservation and allowed and {}
  for i = 1, count do
    local limit, counter, amount = limits[i], counters[i], amounts[i]
    local limiter, used, reset = limit.limiter, counter.used, nil
    if taken then
      taken[i] = '0 0'
    end
    if allowed and amount > 0 then
      if is_acquire then
        limiter.acquire(counter, amount)
        if reservation then
          local origin = limiter.origin(counter)
          -- Slots always come back.
          local keeps = limiter.counts_slots and 0 or reservation.keeps
          holds.add(counter, reservation.id, amount, origin, keeps, reservation.expires)
          taken[i] = format('%d %d', amount, origin)
        end
        reset = limiter.reset(counter)
        counter_store.save(limiter, counter, reset, grace)
      elseif is_refund and used > 0 and limit.permits > 0 then
        limiter.refund(counter, amount)
        reset = limiter.reset(counter)
        counter_store.save(limiter, counter, reset, grace)
      end
    elseif is_acquire and counter.is_changed then
      counter_store.prolong(limiter, counter, grace)
    end

    if counter.has_expired then
      reset = limiter.reset(counter)
      counter_store.save(limiter, counter, reset, grace)
    end

    local ends = is_denied and wait.until_change(limit, counter, waits[i]) or 0
    local remaining = limit.capacity - counter.used
    if remaining < 0 then
      remaining = 0
    end
    if limit.permits == 0 then
      reset = 0
    end
    reset = reset or limiter.reset(counter)
    reply[place + i] = pack('<ddddd', waits[i], remaining, reset, used, ends)
    if asked then
      answer = answer .. pack('<ddd', remaining, reset, used)
    end
  end
  local id = taken and reservation.id or ''
  if asked and allowed and cost > 0 then
    call('SET', KEYS[first_key + count + 1], asked .. '\n' .. id .. '\n' .. answer, 'PX', KEPT_FOR)
  end
  if taken then
    local ttl, record = reservation.ttl, KEYS[first_key + count + (asked and 1 or 0) + 1]
    call('HSET', record, 'document', reservation.document, 'granted', format('%d', cost), 'committed', '0', 'taken',
      table.concat(taken, ' '), 'keeps', reservation.keeps, 'ttl', format('%d', ttl), 'expires',
      format('%d', reservation.expires))
    call('PEXPIRE', record, format('%d', ceil(ttl / 1000) + KEPT_FOR))
  end

  if is_refund then
    -- Instances cache denials, which are invalid now.
    for i = 1, count do
      redis.pcall('PUBLISH', 'rl:news', 'freed ' .. KEYS[first_key + i])
    end
  end
  return id
end

-- Errors of the store itself, not of one counter.
local STORE_FAILURES = { 'READONLY', 'OOM', 'MISCONF', 'NOREPLICAS', 'MASTERDOWN', 'CLUSTERDOWN', 'LOADING' }
local function is_store_failure(message)
  for i = 1, #STORE_FAILURES do
    if string.find(message, STORE_FAILURES[i] .. ' ', 1, true) then
      return true
    end
  end
  return false
end

local key, place, failure = 0, 1, ''
local stride = is_reserve and 4 or 2
for argument = 3, #ARGV, stride do
  local text = ARGV[argument + 1]
  local cost, limits = tonumber(ARGV[argument]), parsed[text] or limits_of(text)
  local min_cost, asked, reservation = cost, nil, nil
  if not cost then
    local rest
    cost, min_cost, rest = string.match(ARGV[argument], '^(%d+) (%d+) ?(.*)$')
    cost, min_cost = tonumber(cost), tonumber(min_cost)
    if is_reserve then
      local ttl, slots, keeps, once = string.match(rest, '^(%d+) (%d+) (%d) ?(.*)$')
      rest = once
      reservation = {
        id = ARGV[argument + 2],
        document = ARGV[argument + 3],
        ttl = tonumber(ttl),
        expires = now + tonumber(ttl),
        slots = tonumber(slots),
        keeps = tonumber(keeps),
      }
    end
    asked = rest ~= '' and ARGV[argument] or nil
  end
  local decided, result = pcall(decide, key, place, limits, cost, min_cost, asked, reservation)
  if decided then
    ids[#ids + 1] = is_reserve and result or nil
  else
    failure = type(result) == 'table' and result.err or tostring(result)
    if is_store_failure(failure) then
      -- The call fails as a whole. What was taken before this may have been counted.
      return { err = failure }
    end
    failure = failure .. ', in a check of ' .. KEYS[key + 1]
    reply_nothing(place, limits, BROKEN)
    ids[#ids + 1] = is_reserve and '' or nil
  end
  key = key + #limits + (asked and 1 or 0) + (is_reserve and 1 or 0)
  place = place + #limits
end

if is_reserve then
  return { table.concat(reply), failure, unpack(ids) }
end
return { table.concat(reply), failure ~= '' and failure or nil }
