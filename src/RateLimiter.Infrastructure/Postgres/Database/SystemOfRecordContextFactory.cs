using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>Provides the schema to <c>dotnet ef</c>, which generates migrations without a database.</summary>
internal sealed class SystemOfRecordContextFactory
    : IDesignTimeDbContextFactory<SystemOfRecordContext>
{
    public SystemOfRecordContext CreateDbContext(string[] args) => new(Options("Host=none"));

    /// <summary>The options that all contexts share.</summary>
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
            // PostgresSchema holds its own lock, in the transaction of the migration.
            .ConfigureWarnings(warnings =>
                warnings.Ignore(RelationalEventId.MigrationsUserTransactionWarning)
            )
            .Options;
}
