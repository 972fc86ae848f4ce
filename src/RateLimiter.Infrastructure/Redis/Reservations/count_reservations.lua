-- Counts the open reservations of a client, after what changed since the last call. Safe to repeat.
--
-- KEYS[1]  sorted set: id of a reservation → when it expires, in microseconds
-- ARGV[1]  how many are settled, and the id of each; then, of those that were made or extended, when it expires and the id of each
--
-- Reply    how many are open, and how many expired since the last call

local KEYS, ARGV, call = KEYS, ARGV, redis.call
local call_many = load_module('call_many')
local now = load_module('clock')('')

-- The longest time to live of a reservation, in milliseconds.
local LONGEST = 3600000

local key, settled = KEYS[1], tonumber(ARGV[1])
local ids, opened = {}, {}
for i = 2, settled + 1 do
  ids[#ids + 1] = ARGV[i]
end
for i = settled + 2, #ARGV do
  opened[#opened + 1] = ARGV[i]
end
call_many('ZREM', key, ids)
if #opened > 0 then
  call_many('ZADD', key, opened)
  call('PEXPIRE', key, LONGEST)
end
local expired = call('ZREMRANGEBYSCORE', key, '-inf', string.format('%d', now))
return { call('ZCARD', key), expired }
