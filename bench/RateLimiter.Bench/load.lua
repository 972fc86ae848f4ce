-- What wrk sends: checks, single or in batches, for many users in turn, as fast as they get responses or at a given
-- rate.
-- Arguments, each as name=value:
--   keys      a file with the API key of each tenant, one a line
--   route     the route; with routes > 1 the first part of its name
--   routes    the routes of a tenant, over which its users are spread: route-0, route-1, …
--   users     the users of a tenant
--   organisations  the organisations over which the users are spread, named as subjects beside the user, with a device for
--             each user; 0 for users alone
--   requests  how many different requests to prepare; with fewer than there are users, they are drawn at random
--   batch     the checks in a request; 0 for single checks
--   rate      requests per second; 0 for as many as get a response
-- The last line it prints is JSON.

local ffi = require "ffi"
ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } load_time;
int clock_gettime(int clock, load_time *time);
]]

local requests = {}
local current = 0

local function milliseconds()
  local time = ffi.new("load_time")
  ffi.C.clock_gettime(1, time) -- CLOCK_MONOTONIC
  return tonumber(time.seconds) * 1e3 + tonumber(time.nanoseconds) / 1e6
end

-- One schedule for all connections. A connection that is free before its turn waits; wrk counts in whole milliseconds.
local function follow_schedule(rate)
  local gap = 1000 / rate
  local turn = milliseconds()
  function delay()
    local now = milliseconds()
    turn = math.max(turn + gap, now)
    return math.floor(turn - now + 0.5)
  end
end

local function read(arguments)
  local options = {}
  for _, argument in ipairs(arguments) do
    local name, value = argument:match("^(%w+)=(.*)$")
    options[name] = tonumber(value) or value
  end
  return options
end

-- The user comes last because LuaJIT distinguishes long strings by a few of their bytes, including the last ones: with
-- thousands that are equal there, each further one takes longer.
local function check(options, user)
  local route = options.routes == 1 and options.route or ("%s-%d"):format(options.route, user % options.routes)
  local subjects = ""
  if options.organisations > 0 then
    subjects = ('"subjects":{"org":"org-%d","device":"device-%d"},'):format(user % options.organisations, user)
  end
  return ('{"route_key":"%s",%s"user_id":"user-%d"}'):format(route, subjects, user)
end

local function post(path, key, body)
  return wrk.format("POST", path, { ["Content-Type"] = "application/json", ["X-API-Key"] = key }, body)
end

local function prepare_checks(options, keys)
  local subjects = #keys * options.users
  for n = 1, options.requests do
    local subject = options.requests < subjects and math.random(0, subjects - 1) or n - 1
    local user = math.floor(subject / #keys)
    requests[n] = post("/check", keys[subject % #keys + 1], check(options, user))
  end
end

local function prepare_batches(options, key)
  for first = 0, options.users - 1, options.batch do
    local checks = {}
    for user = first, first + options.batch - 1 do
      checks[#checks + 1] = check(options, user)
    end
    requests[#requests + 1] = post("/check/batch", key, '{"checks":[' .. table.concat(checks, ",") .. "]}")
  end
end

function init(arguments)
  local options = read(arguments)
  local keys = {}
  for key in io.lines(options.keys) do
    keys[#keys + 1] = key
  end
  if options.batch == 0 then
    prepare_checks(options, keys)
  else
    prepare_batches(options, keys[1])
  end
  if options.rate > 0 then
    follow_schedule(options.rate)
  end
end

function request()
  current = current % #requests + 1
  return requests[current]
end

function done(summary, latency)
  local errors = summary.errors
  print(
    ('{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"failed":%d}'):format(
      summary.requests,
      summary.duration,
      latency:percentile(50),
      latency:percentile(99),
      errors.connect + errors.read + errors.write + errors.status + errors.timeout
    )
  )
end
