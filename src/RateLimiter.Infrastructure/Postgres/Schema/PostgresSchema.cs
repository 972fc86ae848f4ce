using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Background;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Schema;

/// <summary>
/// Migrates the database, or verifies that it is up to date, before anything else uses it. While the database does not
/// reply the service starts without it, and this is retried. What cannot be fixed by waiting stops the start.
/// </summary>
internal sealed class PostgresSchema(
    PostgresDatabase database,
    IOptions<PostgresOptions> options,
    IOptions<AuditOptions> audit,
    TimeProvider time,
    ILogger<PostgresSchema> logger
) : RepeatingService("The preparation of PostgreSQL", RetryInterval, time, logger)
{
    /// <summary>How long a start waits for the database before it continues without it.</summary>
    internal static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MigrationTimeout = TimeSpan.FromMinutes(10);

    // Instances and the command migrate exclude each other. The number is arbitrary.
    private const long MigrationLock = 7_260_141_305;

    // Wrong passwords, roles and databases, and missing rights: waiting does not fix them.
    private static readonly string[] Refusals =
    [
        PostgresErrorCodes.InvalidAuthorizationSpecification,
        PostgresErrorCodes.InvalidPassword,
        PostgresErrorCodes.InvalidCatalogName,
        PostgresErrorCodes.InsufficientPrivilege,
    ];

    // The preparation in progress, or the last one.
    private Task preparing = Task.CompletedTask;
    private string? said;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        preparing = PrepareAsync(CancellationToken.None);
        // Another instance may be migrating, and the database may not reply at all.
        await Task.WhenAny(preparing, Task.Delay(StartPatience, Time, cancellationToken));
        if (preparing is { IsFaulted: true, Exception.InnerException: PostgresSetupException })
        {
            await preparing;
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>Migrates the database to the current schema.</summary>
    /// <returns>What it did, in a few words.</returns>
    /// <exception cref="PostgresSetupException">The migration failed.</exception>
    public Task<string> MigrateAsync(CancellationToken cancellationToken) =>
        ExplainAsync(async () =>
        {
            await using var context = database.CreateContext();
            context.Database.SetCommandTimeout(MigrationTimeout);
            // Use one connection for everything: there may be no other, and behind a transaction pooler a lock lasts no
            // longer.
            await using var turn = await context.Database.BeginTransactionAsync(cancellationToken);
            await context.Database.ExecuteSqlAsync(
                $"SELECT pg_advisory_xact_lock({MigrationLock})",
                cancellationToken
            );
            var pending = await FindPendingAsync(context, cancellationToken);
            if (pending.Count > 0)
            {
                Logger.DatabaseMigrating(string.Join(", ", pending));
                if (!await HasHistoryAsync(context, cancellationToken))
                {
                    var history = context.GetService<IHistoryRepository>();
                    await context.Database.ExecuteSqlRawAsync(
                        history.GetCreateScript(),
                        cancellationToken
                    );
                }

                await context.Database.MigrateAsync(cancellationToken);
            }

            await SaveRetentionAsync(context, cancellationToken);
            await turn.CommitAsync(cancellationToken);
            return pending.Count > 0
                ? $"{string.Join(", ", pending)} applied"
                : "there was nothing to apply";
        });

    protected override async ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        !database.IsReady && await base.WaitAsync(stoppingToken);

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (preparing.IsCompleted)
        {
            preparing = PrepareAsync(stoppingToken);
        }

        try
        {
            await preparing.WaitAsync(stoppingToken);
        }
        catch (PostgresSetupException exception)
        {
            // It occurred while the service was running, which continues with the projection in the store.
            if (said != exception.Message)
            {
                said = exception.Message;
                Logger.DatabaseUnusable(said);
            }
        }
        catch (Exception exception) when (PostgresDatabase.FailureIn(exception) is { } failure)
        {
            if (said is null)
            {
                said = failure.GetBaseException().Message;
                Logger.DatabaseUnavailable(said);
            }
        }
    }

    /// <summary>Migrates the database, or verifies that it is up to date, depending on the options.</summary>
    /// <exception cref="PostgresSetupException">The migration failed, or the database is not up to date.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (options.Value.MigrateAtStart)
        {
            var done = await MigrateAsync(cancellationToken);
            Logger.DatabaseMigrated(done);
        }
        else
        {
            await CheckAsync(cancellationToken);
        }

        database.IsReady = true;
        if (said is not null)
        {
            said = null;
            Logger.DatabaseBack();
        }
    }

    private Task<bool> CheckAsync(CancellationToken cancellationToken) =>
        ExplainAsync(async () =>
        {
            await using var context = database.CreateContext();
            var pending = await FindPendingAsync(context, cancellationToken);
            if (pending.Count > 0)
            {
                throw new PostgresSetupException(
                    $"{database.Description}, lacks {string.Join(", ", pending)}. Run the service's command migrate as the "
                        + "database's owner (dotnet RateLimiter.Api.dll migrate), or set Postgres:MigrateAtStart."
                );
            }

            var kept = await context.AuditSettings.SingleAsync(cancellationToken);
            if (kept.RetentionDays != audit.Value.RetentionDays)
            {
                Logger.RetentionDiffers(audit.Value.RetentionDays, kept.RetentionDays);
            }

            return true;
        });

    private async Task<IReadOnlyList<string>> FindPendingAsync(
        SystemOfRecordContext context,
        CancellationToken cancellationToken
    )
    {
        var known = context.Database.GetMigrations().ToList();
        var applied = await HasHistoryAsync(context, cancellationToken)
            ? await context.Database.GetAppliedMigrationsAsync(cancellationToken)
            : [];
        if (applied.Except(known).ToList() is { Count: > 0 } unknown)
        {
            throw new PostgresSetupException(
                $"{database.Description}, is newer than this program, which does not know {string.Join(", ", unknown)}."
            );
        }

        return [.. known.Except(applied)];
    }

    // EF Core checks this by a query that fails, and aborts the transaction with it.
    private static Task<bool> HasHistoryAsync(
        SystemOfRecordContext context,
        CancellationToken cancellationToken
    ) =>
        context
            .Database.SqlQuery<bool>(
                $"SELECT to_regclass({SystemOfRecordContext.Schema + "." + SystemOfRecordContext.HistoryTable}) IS NOT NULL AS \"Value\""
            )
            .SingleAsync(cancellationToken);

    private async Task SaveRetentionAsync(
        SystemOfRecordContext context,
        CancellationToken cancellationToken
    )
    {
        var settings = await context.AuditSettings.SingleAsync(cancellationToken);
        settings.RetentionDays = audit.Value.RetentionDays;
        await context.SaveChangesAsync(cancellationToken);
    }

    private async Task<T> ExplainAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception exception)
            when (PostgresDatabase.FailureIn(exception) is PostgresException refused
                && Refusals.Contains(refused.SqlState)
            )
        {
            throw new PostgresSetupException(
                $"{database.Description}, refuses: {refused.MessageText}.",
                exception
            );
        }
    }
}
