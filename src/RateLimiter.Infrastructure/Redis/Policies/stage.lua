-- Adds to a staged key and sets when it expires, in one step: a caller that dies between the two would leave a key
-- that never expires.
--
-- KEYS[1]  the staged key          ARGV[1]  the command that adds: HSET or RPUSH
--                                  ARGV[2]  after how many milliseconds the key expires
--                                  ARGV[3…] the command's arguments

redis.call(ARGV[1], KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
