-- Notes how far the deletion of a client has come, in the place of what was noted before, so that of several who would go
-- on with it only one does.
--
-- KEYS[1]  the hash of deletions   ARGV[1]  the client's id
--                                  ARGV[2]  when what is to be there was noted, in milliseconds since 1970; empty when
--                                           nothing is to be there
--                                  ARGV[3]  the same of what comes in its place; empty for nothing
--                                  ARGV[4]  what is deleted so far, as JSON
--
-- Reply    1, or 0 with nothing changed when something else is there

local noted = redis.call('HGET', KEYS[1], ARGV[1])
if (noted and string.match(noted, '^%d+') or '') ~= ARGV[2] then
  return 0
end
-- Also where something comes in its place: a script whose first write frees memory may go on where there is none left.
redis.call('HDEL', KEYS[1], ARGV[1])
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[4])
end
return 1
