-- What wrk sends: checks for many users in turn, as single checks or in batches, as fast as they are answered or at a
-- given rate. Arguments, each as name=value: key (API key), route, users, batch (checks in a request; 0 for single
-- checks), rate (requests per second; 0 for as many as can be). Ends with a line of JSON.

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

function init(arguments)
  local options = {}
  for _, argument in ipairs(arguments) do
    local name, value = argument:match("^(%w+)=(.*)$")
    options[name] = tonumber(value) or value
  end

  local headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = options.key }
  local function check(user)
    return ('{"user_id":"user-%d","route_key":"%s"}'):format(user, options.route)
  end

  if options.batch == 0 then
    for user = 1, options.users do
      requests[user] = wrk.format("POST", "/check", headers, check(user))
    end
  else
    for first = 1, options.users, options.batch do
      local checks = {}
      for user = first, first + options.batch - 1 do
        checks[#checks + 1] = check(user)
      end
      local body = '{"checks":[' .. table.concat(checks, ",") .. "]}"
      requests[#requests + 1] = wrk.format("POST", "/check/batch", headers, body)
    end
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
