using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Schema;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Postgres.Administration;

/// <summary>The operator's commands for the database, and the reports of their results.</summary>
public sealed class PostgresAdministration
{
    private readonly PostgresDatabase database;
    private readonly PostgresSchema schema;
    private readonly SystemOfRecordImport import;
    private readonly RedisConnection store;

    internal PostgresAdministration(
        PostgresDatabase database,
        PostgresSchema schema,
        SystemOfRecordImport import,
        RedisConnection store
    )
    {
        this.database = database;
        this.schema = schema;
        this.import = import;
        this.store = store;
    }

    /// <summary>Names the database, without secrets.</summary>
    public string Description => database.Description;

    /// <summary>Migrates the database to the current schema.</summary>
    /// <returns>What it did, in one line.</returns>
    /// <exception cref="PostgresSetupException">The migration failed.</exception>
    public Task<string> MigrateAsync(CancellationToken cancellationToken) =>
        ExplainAsync(async () =>
            $"{Description}, is up to date: {await schema.MigrateAsync(cancellationToken)}."
        );

    /// <summary>Copies every client of the store into the database.</summary>
    /// <param name="progress">Receives a line about the progress from time to time.</param>
    /// <param name="cancellationToken">Cancels it between two clients.</param>
    /// <returns>What it did, in one line.</returns>
    /// <exception cref="PostgresSetupException">The import failed, or is incomplete.</exception>
    public Task<string> CopyAsync(Action<string> progress, CancellationToken cancellationToken) =>
        ExplainAsync(async () =>
        {
            await schema.PrepareAsync(cancellationToken);
            await store.StartAsync(cancellationToken);
            return await import.RunAsync(progress, cancellationToken);
        });

    private async Task<string> ExplainAsync(Func<Task<string>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception exception)
            when (exception is not PostgresSetupException
                && PostgresDatabase.FailureIn(exception) is { } failure
            )
        {
            throw new PostgresSetupException(
                $"{Description}, does not answer: {failure.Message}",
                exception
            );
        }
        catch (StoreUnavailableException exception)
        {
            throw new PostgresSetupException(
                $"{store.Description}: {exception.Message}",
                exception
            );
        }
    }
}
