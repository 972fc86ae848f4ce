-- Records the progress of a client's deletion, replacing the previous progress, so that of several instances that would
-- continue the deletion only one does.
--
-- KEYS[1]  the hash of deletions   ARGV[1]  the client's id
--                                  ARGV[2]  the time of the expected previous record, in milliseconds since 1970; empty when
--                                           none is expected
--                                  ARGV[3]  the time of the new record; empty for none
--                                  ARGV[4]  what has been deleted so far, as JSON
--
-- Reply    1, or 0 with nothing changed when the previous record is not the expected one

local noted = redis.call('HGET', KEYS[1], ARGV[1])
if (noted and string.match(noted, '^%d+') or '') ~= ARGV[2] then
  return 0
end
-- Delete even when the record is replaced: a script whose first write frees memory may continue when there is no memory
-- left.
redis.call('HDEL', KEYS[1], ARGV[1])
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[4])
end
return 1
