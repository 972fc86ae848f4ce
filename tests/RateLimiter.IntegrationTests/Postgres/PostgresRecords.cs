using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using RateLimiter.Application.Audit;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Clients;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Keys;
using RateLimiter.Infrastructure.Postgres.Outbox;
using RateLimiter.Infrastructure.Postgres.Policies;
using RateLimiter.Infrastructure.Postgres.Projection;
using RateLimiter.Infrastructure.Postgres.Schema;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.IntegrationTests.Contracts;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Postgres;

/// <summary>The adapters of one instance for a database, with the projection in a store.</summary>
internal sealed class PostgresRecords : IDisposable
{
    private PostgresRecords(string connectionString, RedisConnection store, int timeoutMs)
    {
        Options = new PostgresOptions
        {
            ConnectionString = connectionString,
            TimeoutMs = timeoutMs,
        };
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        Database = new PostgresDatabase(options, store.Clock, Log);
        var deletions = new RedisDeletionRepository(store);
        Copies = new ClientProjection(
            Database,
            store,
            new PolicyStaging(store),
            deletions,
            TimeProvider.System,
            NullLogger<ClientProjection>.Instance
        );
        Relay = new OutboxRelay(
            Database,
            Copies,
            TimeProvider.System,
            NullLogger<OutboxRelay>.Instance
        );
        Ports = new Ports(
            new PostgresClientRepository(
                Database,
                Copies,
                new RedisClientRepository(store, TestStore.Quotas),
                store
            ),
            new PostgresKeyRepository(
                Database,
                Copies,
                new RedisKeyRepository(store, TestStore.Quotas)
            ),
            new PostgresPolicyRepository(Database, Copies),
            new PostgresAuditRepository(Database),
            new PostgresDeletionRepository(Database, Copies, deletions, TimeProvider.System)
        );
    }

    public PostgresOptions Options { get; }

    public PostgresDatabase Database { get; }

    /// <summary>The log of the database adapter.</summary>
    public FakeLogger<PostgresDatabase> Log { get; } = new();

    public ClientProjection Copies { get; }

    public OutboxRelay Relay { get; }

    public Ports Ports { get; }

    /// <summary>Creates an instance with a database of its own.</summary>
    public static async Task<PostgresRecords> CreateAsync(
        PostgresServer server,
        RedisConnection store,
        int timeoutMs = 20_000
    )
    {
        var name = await server.CreateDatabaseAsync();
        var records = Open(server.ConnectionString(name), store, timeoutMs);
        await records.Schema().MigrateAsync(default);
        return records;
    }

    /// <summary>Creates an instance for a database that is already migrated.</summary>
    public static PostgresRecords Open(
        string connectionString,
        RedisConnection store,
        int timeoutMs = 20_000
    ) => new(connectionString, store, timeoutMs) { Database = { IsReady = true } };

    /// <summary>The service that migrates the database.</summary>
    public PostgresSchema Schema(int retentionDays = 365, ILogger<PostgresSchema>? log = null) =>
        new(
            Database,
            Microsoft.Extensions.Options.Options.Create(Options),
            Microsoft.Extensions.Options.Options.Create(
                new AuditOptions { RetentionDays = retentionDays }
            ),
            TimeProvider.System,
            log ?? NullLogger<PostgresSchema>.Instance
        );

    public void Dispose() => Database.Dispose();
}
