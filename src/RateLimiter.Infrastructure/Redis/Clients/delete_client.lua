-- Deletes a client with all that is kept of it but its counters. From then on nothing can be kept for it.
--
-- KEYS[1]  the client's hash             ARGV[1]  the client's id
-- KEYS[2]  the hash of its keys
-- KEYS[3]  the hash of their last uses
-- KEYS[4]  the hash of its policies
-- KEYS[5]  its log
-- KEYS[6…] what else is kept of it
--
-- Reply    the number of its policies, of its keys, and of the entries of its log

local deleted = {
  redis.call('HLEN', KEYS[4]),
  redis.call('HLEN', KEYS[2]),
  redis.call('LLEN', KEYS[5]),
}
local hashes = redis.call('HKEYS', KEYS[2])
-- It takes no longer for many than for few: what they held is freed in the background.
redis.call('UNLINK', unpack(KEYS))
load_module('publish_revoked')(ARGV[1], hashes)
redis.pcall('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return deleted
