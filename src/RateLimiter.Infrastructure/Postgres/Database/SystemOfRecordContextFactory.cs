using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>Makes the tables known to <c>dotnet ef</c>, which writes migrations without a database.</summary>
internal sealed class SystemOfRecordContextFactory
    : IDesignTimeDbContextFactory<SystemOfRecordContext>
{
    public SystemOfRecordContext CreateDbContext(string[] args) => new(Options("Host=none"));

    /// <summary>What every context has in common.</summary>
    public static DbContextOptions<SystemOfRecordContext> Options(string connectionString) =>
        new DbContextOptionsBuilder<SystemOfRecordContext>()
            .UseNpgsql(
                connectionString,
                npgsql =>
                    npgsql.MigrationsHistoryTable(
                        SystemOfRecordContext.HistoryTable,
                        SystemOfRecordContext.Schema
                    )
            )
            // PostgresSchema holds a lock of its own, in the transaction of the migration.
            .ConfigureWarnings(warnings =>
                warnings.Ignore(RelationalEventId.MigrationsUserTransactionWarning)
            )
            .Options;
}
