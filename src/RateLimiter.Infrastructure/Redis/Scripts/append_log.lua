-- Adds decisions to a client's log, which keeps the newest.
--
-- KEYS[1]  the log
-- ARGV[1]  how many it keeps
-- ARGV[2]  how long it keeps them, in milliseconds
-- ARGV[3…] the decisions, oldest first; at most 1000

redis.call('LPUSH', KEYS[1], unpack(ARGV, 3))
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
