using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace RateLimiter.Infrastructure.Postgres.Migrations;

/// <summary>The tables as they were at first, and what deletes old entries of the audit trail.</summary>
public partial class Initial : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.EnsureSchema(name: "ratelimiter");

        migrationBuilder.CreateTable(
            name: "announcements",
            schema: "ratelimiter",
            columns: table => new
            {
                id = table
                    .Column<long>(type: "bigint", nullable: false)
                    .Annotation(
                        "Npgsql:ValueGenerationStrategy",
                        NpgsqlValueGenerationStrategy.IdentityAlwaysColumn
                    ),
                client_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                version = table.Column<long>(type: "bigint", nullable: true),
            },
            constraints: table =>
            {
                table.PrimaryKey("PK_announcements", x => x.id);
            }
        );

        migrationBuilder.CreateTable(
            name: "audit",
            schema: "ratelimiter",
            columns: table => new
            {
                id = table
                    .Column<long>(type: "bigint", nullable: false)
                    .Annotation(
                        "Npgsql:ValueGenerationStrategy",
                        NpgsqlValueGenerationStrategy.IdentityAlwaysColumn
                    ),
                client_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone",
                    nullable: false
                ),
                action = table.Column<string>(type: "text", nullable: false, collation: "C"),
                key_id = table.Column<string>(type: "text", nullable: true, collation: "C"),
                address = table.Column<string>(type: "text", nullable: false, collation: "C"),
                request_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                before = table.Column<string>(type: "json", nullable: true),
                after = table.Column<string>(type: "json", nullable: true),
            },
            constraints: table =>
            {
                table.PrimaryKey("PK_audit", x => x.id);
            }
        );

        migrationBuilder.CreateTable(
            name: "audit_settings",
            schema: "ratelimiter",
            columns: table => new
            {
                id = table.Column<bool>(type: "boolean", nullable: false),
                retention_days = table.Column<int>(type: "integer", nullable: false),
            },
            constraints: table =>
            {
                table.PrimaryKey("PK_audit_settings", x => x.id);
                table.CheckConstraint("one_row", "id");
            }
        );

        migrationBuilder.CreateTable(
            name: "clients",
            schema: "ratelimiter",
            columns: table => new
            {
                id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                created_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone",
                    nullable: false
                ),
                version = table.Column<long>(type: "bigint", nullable: false),
                keys_version = table.Column<long>(type: "bigint", nullable: false),
                policies_version = table.Column<long>(type: "bigint", nullable: false),
                policy_bytes = table.Column<long>(type: "bigint", nullable: false),
            },
            constraints: table =>
            {
                table.PrimaryKey("PK_clients", x => x.id);
            }
        );

        migrationBuilder.CreateTable(
            name: "keys",
            schema: "ratelimiter",
            columns: table => new
            {
                client_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                hash = table.Column<byte[]>(type: "bytea", nullable: false),
                id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                document = table.Column<string>(type: "json", nullable: false),
            },
            constraints: table =>
            {
                table.PrimaryKey("PK_keys", x => new { x.client_id, x.hash });
                table.ForeignKey(
                    name: "FK_keys_clients_client_id",
                    column: x => x.client_id,
                    principalSchema: "ratelimiter",
                    principalTable: "clients",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade
                );
            }
        );

        migrationBuilder.CreateTable(
            name: "policies",
            schema: "ratelimiter",
            columns: table => new
            {
                client_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                route_key = table.Column<string>(type: "text", nullable: false, collation: "C"),
                role = table.Column<string>(type: "text", nullable: false, collation: "C"),
                version = table.Column<long>(type: "bigint", nullable: false),
                document = table.Column<string>(type: "json", nullable: true),
            },
            constraints: table =>
            {
                table.PrimaryKey(
                    "PK_policies",
                    x => new
                    {
                        x.client_id,
                        x.route_key,
                        x.role,
                    }
                );
                table.ForeignKey(
                    name: "FK_policies_clients_client_id",
                    column: x => x.client_id,
                    principalSchema: "ratelimiter",
                    principalTable: "clients",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade
                );
            }
        );

        migrationBuilder.CreateTable(
            name: "policy_versions",
            schema: "ratelimiter",
            columns: table => new
            {
                client_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                route_key = table.Column<string>(type: "text", nullable: false, collation: "C"),
                role = table.Column<string>(type: "text", nullable: false, collation: "C"),
                version = table.Column<long>(type: "bigint", nullable: false),
                at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone",
                    nullable: false
                ),
                by = table.Column<string>(type: "text", nullable: true, collation: "C"),
                document = table.Column<string>(type: "json", nullable: true),
            },
            constraints: table =>
            {
                table.PrimaryKey(
                    "PK_policy_versions",
                    x => new
                    {
                        x.client_id,
                        x.route_key,
                        x.role,
                        x.version,
                    }
                );
                table.ForeignKey(
                    name: "FK_policy_versions_clients_client_id",
                    column: x => x.client_id,
                    principalSchema: "ratelimiter",
                    principalTable: "clients",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade
                );
            }
        );

        migrationBuilder
            .CreateIndex(name: "IX_audit_at", schema: "ratelimiter", table: "audit", column: "at")
            .Annotation("Npgsql:IndexMethod", "brin");

        migrationBuilder.CreateIndex(
            name: "IX_audit_client_id_id",
            schema: "ratelimiter",
            table: "audit",
            columns: new[] { "client_id", "id" },
            descending: new[] { false, true }
        );

        migrationBuilder.Sql(
            """
            INSERT INTO ratelimiter.audit_settings (id, retention_days) VALUES (true, 365);

            -- Deletes entries of the audit trail that are older than they are kept, so many at most, and says how many.
            -- It runs with the rights of its owner: a role that may call it can delete nothing else.
            CREATE FUNCTION ratelimiter.prune_audit() RETURNS bigint
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            AS $$
            DECLARE
              days integer;
              deleted bigint;
            BEGIN
              SELECT retention_days INTO days FROM ratelimiter.audit_settings;
              IF coalesce(days, 0) = 0 THEN
                RETURN 0;
              END IF;
              DELETE FROM ratelimiter.audit WHERE id IN (
                SELECT id FROM ratelimiter.audit WHERE at < now() - make_interval(days => days) LIMIT 10000
              );
              GET DIAGNOSTICS deleted = ROW_COUNT;
              RETURN deleted;
            END
            $$;
            REVOKE ALL ON FUNCTION ratelimiter.prune_audit() FROM PUBLIC;
            """
        );
    }

    /// <summary>Nothing that was recorded is dropped.</summary>
    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("Nothing that was recorded is dropped.");
}
