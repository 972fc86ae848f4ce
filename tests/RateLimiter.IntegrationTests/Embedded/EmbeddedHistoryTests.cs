using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.IntegrationTests.Redis.Checks;
using RateLimiter.IntegrationTests.Redis.Policies;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Embedded;

/// <summary>What scripts have changed and removed is the same after a restart.</summary>
[TestFixture]
public sealed class EmbeddedHistoryTests
{
    // Together they exceed a page of the log.
    private const int Many = 6000;
    private static readonly string Description = new('x', 1000);

    private static readonly IOptions<QuotaOptions> Quotas = Options.Create(
        new QuotaOptions { MaxHistoryBytes = 100_000 }
    );

    private TemporaryFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public async Task Start_AfterManyChangesAtOnce_HasTheSamePoliciesAndHistory()
    {
        var client = ClientId.New();
        var before = await AskAsync(async connection =>
        {
            var key = ClientKey.Create(
                ApiKey.Generate(client).Key,
                "first",
                Scopes.Admin,
                DateTimeOffset.UnixEpoch
            );
            await new RedisClientRepository(connection, Quotas).AddAsync(
                new NewClient(client, "test", key, DateTimeOffset.UnixEpoch),
                CounterStoreExtensions.Audit(AuditAction.ClientRegistered),
                default
            );
            var policies = connection.Policies(Quotas);
            PolicyChange[] creations =
            [
                .. Enumerable
                    .Range(0, Many)
                    .Select(i => Save(PolicyHead.None(new PolicyKey($"{i}", "role")))),
            ];
            await policies.ChangeAsync(client, creations);
            await policies.ChangeAsync(
                client,
                [
                    .. creations.Select(
                        (it, i) =>
                            i % 2 == 0
                                ? Save(PolicyHead.Of(it.After!))
                                : PolicyHead.Of(it.After!).Delete()
                    ),
                ]
            );
            return await StateAsync(connection, client);
        });

        var after = await AskAsync(connection => StateAsync(connection, client));

        Assert.That(after, Is.EqualTo(before));
        Assert.That(after, Has.Count.GreaterThan(Many / 2));
        var next = await AskAsync(async connection =>
        {
            var policies = connection.Policies(Quotas);
            var last = new PolicyKey($"{Many - 1}", "role");
            return await policies.ChangeAsync(
                client,
                Save(await policies.FindAsync(client, last, default))
            );
        });
        Assert.That(next, Is.EqualTo(PolicySave.Saved));
    }

    private static PolicyChange Save(PolicyHead head) =>
        head.Save(
            new PolicyDefinition(
                head.Key,
                [CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 60)],
                Description,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch,
            CounterStoreExtensions.Actor
        );

    /// <summary>Everything that is stored for a client, as text.</summary>
    private static async Task<IReadOnlyList<string>> StateAsync(
        RedisConnection connection,
        ClientId client
    )
    {
        var database = (await connection.Connected).GetDatabase();
        var state = new List<string>();
        foreach (
            var name in new[]
            {
                RedisKeys.Client(client),
                RedisKeys.Policies(client),
                RedisKeys.DeletedPolicies(client),
                RedisKeys.PolicyVersions(client),
                RedisKeys.Audit(client),
            }
        )
        {
            var fields = await database.HashGetAllAsync(name);
            Assert.That(fields, Is.Not.Empty, $"{name}");
            state.AddRange(
                fields
                    .Select(field => $"{name} {field.Name} {field.Value}")
                    .Order(StringComparer.Ordinal)
            );
        }

        var order = await database.ListRangeAsync(RedisKeys.PolicyVersionOrder(client));
        state.AddRange(order.Select(name => $"{name}"));
        return state;
    }

    /// <summary>Starts the store, reads from it, and stops it.</summary>
    private async Task<T> AskAsync<T>(Func<RedisConnection, Task<T>> ask)
    {
        var room = new StoreRoom();
        await using var host = new EmbeddedHost(
            Options.Create(new EmbeddedOptions { DataDirectory = folder.Path }),
            room,
            NullLogger<EmbeddedHost>.Instance
        );
        await using var connection = new RedisConnection(
            Options.Create(new RedisOptions()),
            Options.Create(new StoreOptions { TimeoutMs = 10_000 }),
            room,
            TestStore.NewClock(),
            NullLogger<RedisConnection>.Instance,
            host
        );
        await connection.StartAsync(default);
        await connection.Connected;
        return await ask(connection);
    }
}
