-- The rights of the service's role when another role owns the tables. The service can do everything that it needs, but can
-- only read the audit trail and add to it. Run this file as the owner, after the service's command migrate, and again after
-- each update:
--
--   psql -v ON_ERROR_STOP=1 -v service=ratelimiter_service -d DATABASE -f grants.sql
--
-- The role must exist. The database's administrator creates both:
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
  ratelimiter.overrides,
  ratelimiter.policy_versions,
  ratelimiter.announcements
TO :"service";

-- Someone who has the service's password must not be able to change the audit trail.
REVOKE ALL ON ratelimiter.audit FROM :"service";
GRANT SELECT, INSERT ON ratelimiter.audit TO :"service";

-- The owner sets how long the trail is kept, with Audit:RetentionDays and migrate. The service can only delete older
-- entries, through this function.
REVOKE ALL ON ratelimiter.audit_settings, ratelimiter.migrations FROM :"service";
GRANT SELECT ON ratelimiter.audit_settings, ratelimiter.migrations TO :"service";
GRANT EXECUTE ON FUNCTION ratelimiter.prune_audit() TO :"service";

COMMIT;
