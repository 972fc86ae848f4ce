-- Tells all instances something, as the scripts do that change what they tell of. Unlike those it fails when it may not.
-- ARGV: 1 the message.

return redis.call('PUBLISH', 'rl:news', ARGV[1])
