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
/// Brings the database up to date, or sees that it is, before anybody else uses it. While the database does not answer the
/// service starts without it, and this is tried again. What cannot be mended by waiting stops the start.
/// </summary>
internal sealed class PostgresSchema(
    PostgresDatabase database,
    IOptions<PostgresOptions> options,
    IOptions<AuditOptions> audit,
    TimeProvider time,
    ILogger<PostgresSchema> logger
) : RepeatingService("The preparation of PostgreSQL", RetryInterval, time, logger)
{
    /// <summary>How long a start waits for the database before it goes on without it.</summary>
    internal static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MigrationTimeout = TimeSpan.FromMinutes(10);

    // Instances and the command that migrate wait for each other. The number means nothing.
    private const long MigrationLock = 7_260_141_305;

    // Wrong passwords, roles and databases, and missing rights: they stay wrong.
    private static readonly string[] Refusals =
    [
        PostgresErrorCodes.InvalidAuthorizationSpecification,
        PostgresErrorCodes.InvalidPassword,
        PostgresErrorCodes.InvalidCatalogName,
        PostgresErrorCodes.InsufficientPrivilege,
    ];

    // What is under way, or has come out last.
    private Task preparing = Task.CompletedTask;
    private string? said;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        preparing = PrepareAsync(CancellationToken.None);
        // Another instance may be migrating, and the database may not answer at all.
        await Task.WhenAny(preparing, Task.Delay(StartPatience, Time, cancellationToken));
        if (preparing is { IsFaulted: true, Exception.InnerException: PostgresSetupException })
        {
            await preparing;
        }

        await base.StartAsync(cancellationToken);
    }

    /// <summary>Brings the database up to date.</summary>
    /// <returns>What it did, in a few words.</returns>
    /// <exception cref="PostgresSetupException">It cannot.</exception>
    public Task<string> MigrateAsync(CancellationToken cancellationToken) =>
        ExplainAsync(async () =>
        {
            await using var context = database.CreateContext();
            context.Database.SetCommandTimeout(MigrationTimeout);
            // One connection for all of it: there may be no other, and behind a pooler of transactions a lock lasts no longer.
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
            // It came when the service was running, which goes on with what the store knows.
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

    /// <summary>Brings the database up to date, or sees that it is, as the options say.</summary>
    /// <exception cref="PostgresSetupException">It cannot, or is not.</exception>
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

    // EF Core finds it out by a question that fails, and the transaction with it.
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
