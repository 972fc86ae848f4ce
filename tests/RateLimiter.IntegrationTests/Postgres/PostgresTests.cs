using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.IntegrationTests.Contracts;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Postgres;

/// <summary>Tests with a database of their own, and the projection in the Redis of all tests.</summary>
public abstract class PostgresTests
{
    protected static readonly DateTimeOffset Now = new(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);

    protected static readonly Actor Actor = new("abcdefghijkl", "2001:db8::1", "0123456789abcdef");

    protected static readonly PolicyQuota Plenty = new(100_000, 1 << 30);

    private protected TestStore Store { get; private set; } = null!;

    private protected RedisConnection Redis => Store.Connection;

    private protected RedisClientRepository Copies => new(Redis, TestStore.Quotas);

    [OneTimeSetUp]
    public async Task OpenStoreAsync() => Store = await TestStore.GetAsync(StoreKind.Redis);

    protected static NewClient NewClient()
    {
        var id = ClientId.New();
        var key = ClientKey.Create(ApiKey.Generate(id).Key, "key", Scopes.Admin, Now);
        return new NewClient(id, "test", key, Now);
    }

    protected static AuditRecord Registration =>
        new(AuditAction.ClientRegistered, Now, Actor, null, new AuditedClient("test"));

    protected static PolicyDefinition Definition(string route, string? description = null) =>
        new(
            PolicyKey.Create(route, null),
            [RateLimit.Create("default", Algorithm.FixedWindow, 9, TimeSpan.FromMinutes(1))],
            description,
            IsActive: true,
            PolicyMode.Enforce
        );

    protected static async Task<ClientId> RegisterAsync(Ports ports)
    {
        var client = NewClient();
        await ports.Clients.AddAsync(client, Registration, default);
        return client.Id;
    }

    protected static Task<PolicySave> TryAsync(
        Ports ports,
        ClientId client,
        params IReadOnlyList<PolicyChange> changes
    ) =>
        ports.Policies.OutcomeAsync(
            client,
            new PolicyChanges(changes, SetVersion: null, Now, Actor),
            Plenty,
            default
        );

    /// <summary>Saves a policy on top of its current version.</summary>
    protected static async Task<Policy> SaveAsync(
        Ports ports,
        ClientId client,
        string route,
        string? description = null
    )
    {
        var definition = Definition(route, description);
        var head = await ports.Policies.FindAsync(client, definition.Key, default);
        var change = head.Save(definition, Now, Actor);
        Assert.That(await TryAsync(ports, client, change), Is.EqualTo(PolicySave.Saved));
        return change.After!;
    }

    private protected static Task<string> CountAsync(
        PostgresServer server,
        PostgresRecords records,
        string table
    ) =>
        server.ExecuteAsync(
            new Npgsql.NpgsqlConnectionStringBuilder(records.Options.ConnectionString).Database!,
            $"SELECT count(*) FROM ratelimiter.{table}"
        );
}
