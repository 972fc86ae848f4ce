-- Adds encryption keys of the dashboard's sessions, unless there are others than the caller knows: of two instances
-- that start at the same time only one creates a key, and the other uses it.
-- KEYS[1]  list: the keys, oldest first
-- ARGV[1]  the number of keys that the caller knows
-- ARGV[2…] the keys to add, at least one
-- Reply: 1 when they were added, 0 when there are others

if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) then
  return 0
end
for i = 2, #ARGV do
  redis.call('RPUSH', KEYS[1], ARGV[i])
end
return 1
