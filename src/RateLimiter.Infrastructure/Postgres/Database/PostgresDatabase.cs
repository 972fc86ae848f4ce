using System.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Clocks;

namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>
/// Access to the database. Every failure of it becomes a <see cref="StoreUnavailableException"/>, and no caller waits
/// for it longer than <see cref="PostgresOptions.TimeoutMs"/>.
/// </summary>
internal sealed class PostgresDatabase(
    IOptions<PostgresOptions> options,
    StoreClock clock,
    ILogger<PostgresDatabase> logger
) : IDisposable
{
    /// <summary>
    /// The limit of logged errors that the database replies with, for example while it is read-only: every request can
    /// cause one.
    /// </summary>
    private const int MaxErrorsPerMinute = 10;

    private readonly LineLimit errors = new(clock.Wall, MaxErrorsPerMinute);
    private readonly Lazy<PooledDbContextFactory<SystemOfRecordContext>> contexts = new(() =>
        new PooledDbContextFactory<SystemOfRecordContext>(
            SystemOfRecordContextFactory.Options(
                options.Value.ToConnectionString().ConnectionString
            )
        )
    );

    private volatile bool isReady;
    private long failures;

    /// <summary>Names the database, without secrets.</summary>
    public string Description
    {
        get
        {
            var named = options.Value.ToConnectionString();
            return $"PostgreSQL at {named.Host}, database {named.Database ?? named.Username}";
        }
    }

    /// <summary>
    /// Whether its schema is the one that this program knows. Until then only the migration uses the database.
    /// </summary>
    public bool IsReady
    {
        get => isReady;
        set => isReady = value;
    }

    /// <summary>The number of failed queries.</summary>
    public long Failures => Interlocked.Read(ref failures);

    /// <summary>Runs a query. The query continues when the caller gives up.</summary>
    /// <param name="ask">The query.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">
    /// The database did not reply; whether it executed the query is unknown.
    /// </exception>
    public Task<T> AskAsync<T>(
        Func<SystemOfRecordContext, Deadline, Task<T>> ask,
        CancellationToken cancellationToken
    ) => AskAsync(ask, options.Value.Timeout, cancellationToken);

    /// <summary>Like the other overload, for background work that does more than query the database.</summary>
    /// <exception cref="StoreUnavailableException">
    /// The database did not reply; whether it executed the query is unknown.
    /// </exception>
    public async Task<T> AskAsync<T>(
        Func<SystemOfRecordContext, Deadline, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        if (!isReady)
        {
            throw new StoreUnavailableException("The database is not up to date yet.");
        }

        var deadline = new Deadline(timeout, clock);
        var isOver = deadline.Token;
        try
        {
            // The driver may give up later than the caller's time-out.
            return await AskAsync(ask, deadline).WaitAsync(isOver).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException exception)
            when (!cancellationToken.IsCancellationRequested)
        {
            Interlocked.Increment(ref failures);
            throw new StoreUnavailableException("The database did not answer.", exception);
        }
        catch (Exception exception) when (FailureIn(exception) is { } failure)
        {
            Interlocked.Increment(ref failures);
            if (failure is PostgresException { IsTransient: false } error && errors.TryTake())
            {
                logger.DatabaseRepliedWithAnError(error.SqlState, error.MessageText);
            }

            throw new StoreUnavailableException("The database did not answer.", exception);
        }
    }

    /// <summary>
    /// Begins a transaction for changes. It waits for the locks of others, and others wait for its locks, no longer
    /// than a request does.
    /// </summary>
    public async Task<IDbContextTransaction> BeginAsync(
        SystemOfRecordContext context,
        Deadline deadline
    )
    {
        var transaction = await context.Database.BeginTransactionAsync(deadline.Token);
        var patience = $"{options.Value.TimeoutMs}ms";
        await context.Database.ExecuteSqlAsync(
            $"""
            SELECT set_config('lock_timeout', {patience}, true),
                set_config('idle_in_transaction_session_timeout', {patience}, true)
            """,
            deadline.Token
        );
        return transaction;
    }

    /// <summary>Locks a client's row, so that its changes are serialised; null when there is no such client.</summary>
    public static async Task<ClientRow?> LockAsync(
        SystemOfRecordContext context,
        ClientId client,
        Deadline deadline
    )
    {
        var rows = await context
            .Clients.FromSql(
                $"SELECT * FROM ratelimiter.clients WHERE id = {client.Value} FOR UPDATE"
            )
            .ToListAsync(deadline.Token);
        return rows.SingleOrDefault();
    }

    /// <summary>Begins a transaction that reads a consistent snapshot.</summary>
    public static Task<IDbContextTransaction> BeginSnapshotAsync(
        SystemOfRecordContext context,
        Deadline deadline
    ) => context.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, deadline.Token);

    /// <summary>A context for work without a deadline.</summary>
    public SystemOfRecordContext CreateContext() => contexts.Value.CreateDbContext();

    /// <summary>The failure of the database that caused an exception, if one did.</summary>
    public static Exception? FailureIn(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (
                cause
                is NpgsqlException
                    or TimeoutException
                    or ObjectDisposedException
                    or IOException
            )
            {
                return cause;
            }
        }

        return null;
    }

    /// <summary>Closes idle connections.</summary>
    public void Dispose()
    {
        if (contexts.IsValueCreated)
        {
            using var connection = new NpgsqlConnection(
                options.Value.ToConnectionString().ConnectionString
            );
            NpgsqlConnection.ClearPool(connection);
        }
    }

    private async Task<T> AskAsync<T>(
        Func<SystemOfRecordContext, Deadline, Task<T>> ask,
        Deadline deadline
    )
    {
        using (deadline)
        {
            await using var context = await contexts.Value.CreateDbContextAsync(deadline.Token);
            return await ask(context, deadline);
        }
    }
}

/// <summary>The time by which a query of the database must have been answered.</summary>
internal sealed class Deadline(TimeSpan timeout, StoreClock clock) : IDisposable
{
    private readonly CancellationTokenSource source = new(timeout, clock);

    public CancellationToken Token => source.Token;

    /// <summary>One step is done, and the next one gets the full time again.</summary>
    public void Extend() => source.CancelAfter(timeout);

    public void Dispose() => source.Dispose();
}
