-- A rate limiter as one would write it in nginx: one EVALSHA for each check, over connections that are kept.
-- ROUTES is a JSON object: the name of a route to {"limit": permits, "window_ms": milliseconds}.

local cjson = require "cjson.safe"
local redis = require "nginx.redis"

local api_key = os.getenv("API_KEY")
local redis_port = tonumber(os.getenv("REDIS_PORT"))
local routes = cjson.decode(os.getenv("ROUTES"))

-- KEYS[1] the counter; ARGV[1] the window in milliseconds. Reply: the checks of this window, and its end in milliseconds.
local script = [[
local used = redis.call('INCR', KEYS[1])
if used == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return {used, tonumber(ARGV[1])}
end
return {used, redis.call('PTTL', KEYS[1])}
]]
local sha = ngx.sha1_bin(script):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)

local allowed = '{"allowed":true,"remaining":%d,"reset_in":%d,"reason":null,"limit":%d,"retry_after":null,'
  .. '"retry_after_ms":null,"matched_role":"default","matched_route":%s,"shadow_denied":false,"violated":[]}'
local denied = '{"allowed":false,"remaining":0,"reset_in":%d,"reason":"Rate limit exceeded","limit":%d,"retry_after":%d,'
  .. '"retry_after_ms":%d,"matched_role":"default","matched_route":%s,"shadow_denied":false,"violated":["default"]}'

local function count(key, window_ms)
  local store = redis:new()
  store:set_timeout(1000)
  assert(store:connect("127.0.0.1", redis_port))
  local reply, problem = store:evalsha(sha, 1, key, window_ms)
  if not reply and problem:find("NOSCRIPT", 1, true) then
    reply, problem = store:eval(script, 1, key, window_ms)
  end
  assert(reply, problem)
  store:set_keepalive(60000, 64)
  return reply[1], reply[2]
end

local function answer()
  if ngx.req.get_method() ~= "POST" then
    return ngx.exit(ngx.HTTP_NOT_ALLOWED)
  end
  if ngx.var.http_x_api_key ~= api_key then
    return ngx.exit(ngx.HTTP_UNAUTHORIZED)
  end
  ngx.req.read_body()
  local check = cjson.decode(ngx.req.get_body_data() or "")
  if type(check) ~= "table" or type(check.user_id) ~= "string" or type(check.route_key) ~= "string" then
    return ngx.exit(ngx.HTTP_BAD_REQUEST)
  end
  local route = routes[check.route_key]
  if not route then
    return ngx.exit(ngx.HTTP_NOT_FOUND)
  end

  local used, ends_ms = count(check.route_key .. ":" .. check.user_id, route.window_ms)
  local reset_in = math.ceil(ends_ms / 1000)
  local name = cjson.encode(check.route_key)
  local body
  if used <= route.limit then
    body = allowed:format(route.limit - used, reset_in, route.limit, name)
  else
    body = denied:format(reset_in, route.limit, reset_in, ends_ms, name)
  end
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

return { answer = answer }
