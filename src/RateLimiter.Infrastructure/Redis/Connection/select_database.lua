-- Fails when the database does not exist, or may not be used. The client library would use database 0 instead.
--
-- KEYS     none
-- ARGV[1]  the number of the database

redis.call('SELECT', ARGV[1])
