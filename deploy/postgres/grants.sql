-- What the service's role may do when another role owns the tables: everything that the service needs, and of the audit
-- trail nothing but to add to it and to read it. Run it as the owner, after the service's command migrate, and again after
-- each update:
--
--   psql -v ON_ERROR_STOP=1 -v service=ratelimiter_service -d DATABASE -f grants.sql
--
-- The role must be there; the database's administrator makes both:
--
--   CREATE ROLE ratelimiter_owner LOGIN PASSWORD '…';
--   CREATE ROLE ratelimiter_service LOGIN PASSWORD '…';
--   CREATE DATABASE ratelimiter OWNER ratelimiter_owner;
--
-- The service then runs as ratelimiter_service with Postgres:MigrateAtStart=false, and migrate as ratelimiter_owner.

BEGIN;

GRANT USAGE ON SCHEMA ratelimiter TO :"service";

GRANT SELECT, INSERT, UPDATE, DELETE ON
  ratelimiter.clients,
  ratelimiter.keys,
  ratelimiter.policies,
  ratelimiter.policy_versions,
  ratelimiter.announcements
TO :"service";

-- Nobody who has the service's password can change what it says of him.
REVOKE ALL ON ratelimiter.audit FROM :"service";
GRANT SELECT, INSERT ON ratelimiter.audit TO :"service";

-- How long the trail is kept is for the owner to say, with Audit:RetentionDays and migrate. The service can only have what
-- is older deleted.
REVOKE ALL ON ratelimiter.audit_settings, ratelimiter.migrations FROM :"service";
GRANT SELECT ON ratelimiter.audit_settings, ratelimiter.migrations TO :"service";
GRANT EXECUTE ON FUNCTION ratelimiter.prune_audit() TO :"service";

COMMIT;
