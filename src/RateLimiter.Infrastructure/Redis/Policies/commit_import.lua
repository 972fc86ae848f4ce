-- Replaces a client's policies and overrides by the staged ones, unless they have changed meanwhile. It takes no longer for many
-- policies than for few.
--
-- KEYS[1]  the client's hash                       ARGV[1]  the client's id
-- KEYS[2]  the hash of its policies                ARGV[2]  the version of the set that the staged one is based on
-- KEYS[3]  where those are kept until the change   ARGV[3]  how many of both are staged
--          is recorded                             ARGV[4]  how many bytes the policies use
-- KEYS[4]  the journal of what is to be recorded   ARGV[5]  the token of this import
-- KEYS[5]  the staged policies and overrides        ARGV[6]  how many overrides are staged
-- KEYS[6]  the staged journal
-- KEYS[7]  the list of recent changes
--
-- Reply    like that of change_policies.lua: 0 and the new version of the client; or, with nothing changed, 1 and 0 when
--          the set has changed meanwhile, another import is not recorded yet, or the staged data has expired; 4 and 0 when
--          the client does not exist any more

local call, format = redis.call, string.format
local client, policies, before, journal, staged, staged_journal, noted = unpack(KEYS)
local SAVED, OUTDATED, NO_CLIENT = 0, 1, 4

if call('EXISTS', client) == 0 then
  return { NO_CLIENT, 0 }
end
if
  (call('HGET', client, 'policies_version') or '0') ~= ARGV[2]
  or call('EXISTS', journal) == 1
  or call('HLEN', staged) ~= tonumber(ARGV[3])
  or call('EXISTS', staged_journal) == 0
then
  return { OUTDATED, 0 }
end

local function move(from, to)
  if call('EXISTS', from) == 1 then
    call('RENAME', from, to)
    call('PERSIST', to)
  end
end
call('DEL', before)
move(policies, before)
move(staged, policies)
move(staged_journal, journal)
call('HSET', client, 'policy_bytes', ARGV[4], 'import', ARGV[5], 'overrides', ARGV[6])
call('HINCRBY', client, 'policies_version', 1)
-- Instances have to load all policies again.
call('UNLINK', noted)
local version = call('HINCRBY', client, 'version', 1)
redis.pcall('PUBLISH', 'rl:news', 'client ' .. ARGV[1])
return { SAVED, version }
