-- Fails when there is no such database, or it may not be used. The client library would use database 0 instead.
--
-- KEYS     none
-- ARGV[1]  the number of the database

redis.call('SELECT', ARGV[1])
