-- Deletes a client with everything that is stored for it except its counters. From then on nothing can be stored for
-- it.
--
-- KEYS[1]  the client's hash             ARGV[1]  the client's id
-- KEYS[2]  the hash of its keys
-- KEYS[3]  the hash of their last uses
-- KEYS[4]  the hash of its policies and overrides
-- KEYS[5]  its log
-- KEYS[6…] what else is stored for it
--
-- Reply    the number of its policies, of its keys, and of the entries of its log

local deleted = {
  redis.call('HLEN', KEYS[4]) - tonumber(redis.call('HGET', KEYS[1], 'overrides') or 0),
  redis.call('HLEN', KEYS[2]),
  redis.call('LLEN', KEYS[5]),
}
local hashes = redis.call('HKEYS', KEYS[2])
-- This takes no longer for many entries than for few: their memory is released in the background.
redis.call('UNLINK', unpack(KEYS))
load_module('publish_revoked')(ARGV[1], hashes)
redis.pcall('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return deleted
