-- Adds counts of checks, of one or more clients. A repeated write is not added again: each instance numbers its writes
-- for a client, and the last number is stored beside the counts.
--
-- KEYS     for each client: its hash, the number of the last write, and the keys of its parts
-- ARGV[1]  how many fields a hash of series can have; further series are added to the fallback field that is given
-- ARGV[2]  how many names a hash of users or subjects can have; when there are more, two thirds are kept
-- ARGV[3]  how long the number is kept, in milliseconds
-- ARGV[4…] for each client: the number, how many parts there are, how many arguments they are, and each part:
--          'counts', when it expires (ms since 1970), how many fields, and each field: its name, the name to use when
--            there is no room for it (empty: there always is room), how many buckets, and each bucket: its number and its
--            counts, separated by commas
--          'users', when it expires, how many, and each user: the name, checks, denied
--          'subjects', the same of the values of a subject. Those that are not kept are added to the one with the empty name,
--            so that the sum of all is exact
--          'seen', when it expires, how many, and the name of each user
--
-- Reply    1

local call, concat, find, format = redis.call, table.concat, string.find, string.format
local gmatch, match, sub = string.gmatch, string.match, string.sub
local call_many = load_module('call_many')
local max_fields, max_names = tonumber(ARGV[1]), tonumber(ARGV[2])
local at, key = 3, 0

local function take()
  at = at + 1
  return ARGV[at]
end

-- Adds to the counts of a bucket: ' BUCKET:COUNT,COUNT BUCKET:COUNT'.
local function add(entries, bucket, counts)
  local first, last, before = find(entries, ' ' .. bucket .. ':([%d,]+)')
  if not first then
    return entries .. ' ' .. bucket .. ':' .. counts
  end
  local sums, i = {}, 0
  for count in gmatch(before, '%d+') do
    sums[#sums + 1] = count
  end
  for count in gmatch(counts, '%d+') do
    i = i + 1
    sums[i] = format('%.0f', tonumber(sums[i] or 0) + tonumber(count))
  end
  return sub(entries, 1, first - 1) .. ' ' .. bucket .. ':' .. concat(sums, ',') .. sub(entries, last + 1)
end

local function has_room(name, field, limit)
  return call('HLEN', name) < limit or call('HEXISTS', name, field) == 1
end

local parts = {}

function parts.counts(name)
  for _ = 1, tonumber(take()) do
    local field, other = take(), take()
    if other ~= '' and not has_room(name, field, max_fields) then
      -- A few more fields for the fallback names that merge many; and one field for everything else.
      field = has_room(name, other, max_fields * 1.25) and other or 'other'
    end
    local entries = call('HGET', name, field) or ''
    for _ = 1, tonumber(take()) do
      local bucket = take()
      entries = add(entries, bucket, take())
    end
    call('HSET', name, field, entries)
  end
end

local function add_name(name, field, checks, denied)
  local known_checks, known_denied = match(call('HGET', name, field) or '0,0', '^(%d+),(%d+)$')
  call('HSET', name, field, format('%.0f,%.0f', checks + tonumber(known_checks), denied + tonumber(known_denied)))
end

-- Adds to the counts of names, and removes the least frequent ones if there are too many. Returns the sums of what it removed.
local function add_names(name)
  for _ = 1, tonumber(take()) do
    local field, checks, denied = take(), tonumber(take()), tonumber(take())
    add_name(name, field, checks, denied)
  end
  local gone_checks, gone_denied = 0, 0
  if call('HLEN', name) > max_names then
    local all, ranked = call('HGETALL', name), {}
    for i = 1, #all, 2 do
      if all[i] ~= '' then
        local checks, denied = match(all[i + 1], '^(%d+),(%d+)$')
        ranked[#ranked + 1] = { name = all[i], checks = tonumber(checks), denied = tonumber(denied) }
      end
    end
    table.sort(ranked, function(left, right)
      local difference = left.checks + left.denied - right.checks - right.denied
      return difference > 0 or difference == 0 and left.name < right.name
    end)
    local gone = {}
    for i = math.floor(max_names * 2 / 3) + 1, #ranked do
      gone[#gone + 1] = ranked[i].name
      gone_checks, gone_denied = gone_checks + ranked[i].checks, gone_denied + ranked[i].denied
    end
    call_many('HDEL', name, gone)
  end
  return gone_checks, gone_denied
end

parts.users = add_names

function parts.subjects(name)
  local checks, denied = add_names(name)
  if checks > 0 then
    add_name(name, '', checks, denied)
  end
end

function parts.seen(name)
  local users = {}
  for i = 1, tonumber(take()) do
    users[i] = take()
  end
  call_many('PFADD', name, users)
end

while at < #ARGV do
  local client, written = KEYS[key + 1], KEYS[key + 2]
  local number, count, length = take(), tonumber(take()), tonumber(take())
  local last = at + length
  -- Checks of a deleted client are not counted.
  if call('EXISTS', client) == 1 and tonumber(call('GET', written) or 0) < tonumber(number) then
    call('SET', written, number, 'PX', ARGV[3])
    for i = 1, count do
      local name = KEYS[key + 2 + i]
      local part, kept_until = parts[take()], take()
      part(name)
      call('PEXPIREAT', name, kept_until)
    end
  end
  key = key + 2 + count
  at = last
end
return 1
