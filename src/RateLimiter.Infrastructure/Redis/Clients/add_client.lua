-- Adds a new client with its first key.
--
-- KEYS[1]  the client's hash      ARGV[1]  its name
-- KEYS[2]  the hash of its keys   ARGV[2]  when, in milliseconds since 1970
-- KEYS[3]  its audit trail        ARGV[3]  the SHA-256 of its key, in hexadecimal
--                                 ARGV[4]  what is known about the key
--                                 ARGV[5]  the most bytes that the audit trail can use
--                                 ARGV[6]  its new entry

redis.call('HSET', KEYS[1], 'name', ARGV[1], 'created_at', ARGV[2], 'version', 1)
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
load_module('append_audit')(KEYS[1], KEYS[3], { { ARGV[6] } }, tonumber(ARGV[5]))
return 1
