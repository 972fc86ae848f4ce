using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace RateLimiter.Infrastructure.Postgres.Migrations;

/// <summary>The table of the overrides.</summary>
public partial class Overrides : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.CreateTable(
            name: "overrides",
            schema: "ratelimiter",
            columns: table => new
            {
                client_id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                version = table.Column<long>(type: "bigint", nullable: false),
                document = table.Column<string>(type: "json", nullable: false),
            },
            constraints: table =>
            {
                table.PrimaryKey("PK_overrides", x => new { x.client_id, x.id });
                table.ForeignKey(
                    name: "FK_overrides_clients_client_id",
                    column: x => x.client_id,
                    principalSchema: "ratelimiter",
                    principalTable: "clients",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade
                );
            }
        );

    /// <summary>Nothing that was recorded is dropped.</summary>
    protected override void Down(MigrationBuilder migrationBuilder) =>
        throw new NotSupportedException("Nothing that was recorded is dropped.");
}
