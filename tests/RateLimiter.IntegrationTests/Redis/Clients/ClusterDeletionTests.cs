using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.IntegrationTests.Redis.Checks;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis.Clients;

/// <summary>
/// A client's counters on all masters of a cluster. It starts six processes, so it does not run in parallel with other
/// tests.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class ClusterDeletionTests
{
    private const int Count = 2000;

    private static readonly Limit Limit = CounterStoreExtensions.Limit(
        Algorithm.FixedWindow,
        9,
        3600
    );

    [Test]
    public async Task DeleteCounters_OnAllMasters_AreDeletedAndThoseOfOthersStay()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = await ConnectAsync(cluster);
        var (client, other) = (ClientId.New(), ClientId.New());
        await CountAsync(connection, client);
        await CountAsync(connection, other);
        var before = await SizesAsync(cluster);

        var steps = await DeleteAsync(connection, client);

        Assert.That(before, Has.Count.EqualTo(3).And.All.Positive);
        Assert.That(steps.Sum(), Is.EqualTo(Count));
        var after = await SizesAsync(cluster);
        Assert.That(after.Sum(), Is.EqualTo(before.Sum() - Count));
        Assert.That((await DeleteAsync(connection, other)).Sum(), Is.EqualTo(Count));
    }

    [Test]
    public async Task DeleteCounters_SlotMovesToWhereWasLookedAlready_LooksAgain()
    {
        // So few that all of a master's keys fit on one page.
        const int few = 300;
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = await ConnectAsync(cluster);
        var client = ClientId.New();
        await CountAsync(connection, client, few);
        var layout = await StoreLayout.FindAsync(connection, default);
        var first = (await cluster.MastersAsync()).Single(master =>
            $"{layout.Masters[0].Server.EndPoint}".EndsWith(
                $":{master.Port}",
                StringComparison.Ordinal
            )
        );
        var moved = Enumerable
            .Range(0, few)
            .Select(user => Name(client, user))
            .First(name => connection.ShardOf(name) == layout.Masters[^1].Shard);

        await using var steps = new RedisDeletionRepository(connection)
            .DeleteCountersAsync(client, default)
            .GetAsyncEnumerator();
        await steps.MoveNextAsync();
        var sum = steps.Current;
        await cluster.MigrateSlotAsync(
            await cluster.SlotOfAsync(moved),
            await cluster.MasterOfAsync(moved),
            first
        );
        while (await steps.MoveNextAsync())
        {
            sum += steps.Current;
        }

        Assert.That(sum, Is.EqualTo(few));
    }

    private static async Task<RedisConnection> ConnectAsync(RedisCluster cluster)
    {
        var connection = new RedisConnection(
            Options.Create(new RedisOptions { ConnectionString = cluster.ConnectionString }),
            Options.Create(new StoreOptions { TimeoutMs = 10_000 }),
            new StoreRoom(),
            TestStore.NewClock(),
            NullLogger<RedisConnection>.Instance
        );
        await connection.StartAsync(default);
        await connection.Connected;
        return connection;
    }

    private static string Name(ClientId client, int user) =>
        CounterStoreExtensions.KeyOf(new Subject(client, $"{user}", null), Limit)!;

    private static async Task CountAsync(
        RedisConnection connection,
        ClientId client,
        int count = Count
    )
    {
        var database = (await connection.Connected).GetDatabase();
        foreach (var users in Enumerable.Range(0, count).Chunk(100))
        {
            await Task.WhenAll(
                users.Select(user =>
                    database.StringSetAsync(Name(client, user), "1", TimeSpan.FromHours(1))
                )
            );
        }
    }

    private static async Task<IReadOnlyList<int>> DeleteAsync(
        RedisConnection connection,
        ClientId client
    )
    {
        var steps = new List<int>();
        var repository = new RedisDeletionRepository(connection);
        await foreach (var step in repository.DeleteCountersAsync(client, default))
        {
            steps.Add(step);
        }

        return steps;
    }

    private static async Task<IReadOnlyList<int>> SizesAsync(RedisCluster cluster)
    {
        var sizes = new List<int>();
        foreach (var master in await cluster.MastersAsync())
        {
            sizes.Add(int.Parse(await master.AskAsync("DBSIZE")));
        }

        return sizes;
    }
}
