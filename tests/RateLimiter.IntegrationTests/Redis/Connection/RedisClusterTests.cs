using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>
/// The cluster that other tests rely on. It starts six processes, so it does not run in parallel with other tests.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class RedisClusterTests
{
    private const string Key = "{user}:key";

    [Test]
    public async Task Start_WriteAndRead_ReachesEveryMaster()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = await ConnectAsync(cluster);
        var database = connection.GetDatabase();

        for (var i = 0; i < 50; i++)
        {
            await database.StringSetAsync($"key {i}", i);
        }

        for (var i = 0; i < 50; i++)
        {
            Assert.That((int)await database.StringGetAsync($"key {i}"), Is.EqualTo(i));
        }

        var sizes = new List<int>();
        foreach (var master in await cluster.MastersAsync())
        {
            sizes.Add(int.Parse(await master.AskAsync("DBSIZE")));
        }

        Assert.That(sizes, Has.Count.EqualTo(3).And.All.Positive);
        Assert.That(sizes.Sum(), Is.EqualTo(50));
    }

    [Test]
    public async Task KillMasterOf_Key_IsTakenOverByItsReplica()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = await ConnectAsync(cluster);
        var database = connection.GetDatabase();
        await database.StringSetAsync(Key, "kept");
        var first = await cluster.MasterOfAsync(Key);
        var replicas = await connection.GetServer(first.Address).ExecuteAsync("WAIT", 1, 5000);
        Assert.That((int)replicas, Is.EqualTo(1));

        var gone = await cluster.KillMasterOfAsync(Key);
        var took = await cluster.WaitForFailoverAsync(gone);
        await TestContext.Out.WriteLineAsync($"The failover took {took.TotalSeconds:F1} s.");

        Assert.That(gone, Is.EqualTo(first));
        var master = await cluster.MasterOfAsync(Key);
        Assert.That(master, Is.Not.EqualTo(gone));
        Assert.That(await master.AskAsync("GET", Key), Is.EqualTo("kept"));
        await cluster.RestartAsync(gone);
        Assert.That(await cluster.MastersAsync(), Has.Count.EqualTo(3).And.No.Member(gone));
    }

    [Test]
    public async Task MigrateSlot_WithKeys_MovesThemAndIsFollowed()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = await ConnectAsync(cluster);
        var database = connection.GetDatabase();
        for (var i = 0; i < 250; i++)
        {
            await database.StringSetAsync($"{{user}}:{i}", i);
        }

        var from = await cluster.MasterOfAsync(Key);
        var to = (await cluster.MastersAsync()).First(master => master != from);
        await cluster.MigrateSlotAsync(await cluster.SlotOfAsync(Key), from, to);

        Assert.That(await cluster.MasterOfAsync(Key), Is.EqualTo(to));
        Assert.That(await from.AskAsync("DBSIZE"), Is.EqualTo("0"));
        Assert.That(await to.AskAsync("DBSIZE"), Is.EqualTo("250"));
        Assert.That((int)await database.StringGetAsync("{user}:249"), Is.EqualTo(249));
    }

    [Test]
    public async Task Reshard_WithKeys_LosesNone()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = await ConnectAsync(cluster);
        var database = connection.GetDatabase();
        for (var i = 0; i < 200; i++)
        {
            await database.StringSetAsync($"key {i}", i);
        }

        var masters = await cluster.MastersAsync();
        var before = await cluster.SlotsOfAsync(masters[1]);
        await cluster.ReshardAsync(100, masters[0], masters[1]);

        Assert.That(await cluster.SlotsOfAsync(masters[1]), Is.EqualTo(before + 100));
        for (var i = 0; i < 200; i++)
        {
            Assert.That((int)await database.StringGetAsync($"key {i}"), Is.EqualTo(i));
        }
    }

    private static Task<ConnectionMultiplexer> ConnectAsync(RedisCluster cluster) =>
        ConnectionMultiplexer.ConnectAsync(cluster.ConnectionString);
}
