using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>
/// The sentinels that other tests rely on. It starts six processes, so it does not run in parallel with other tests.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class RedisSentinelTests
{
    [Test]
    public async Task Start_WriteAndRead_ReachesTheMasterAndItsReplicas()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await using var connection = await ConnectAsync(sentinel);
        var database = connection.GetDatabase();

        await database.StringSetAsync("key", "value");

        Assert.That((string?)await database.StringGetAsync("key"), Is.EqualTo("value"));
        Assert.That((int)await database.ExecuteAsync("WAIT", 2, 5000), Is.EqualTo(2));
        foreach (var node in sentinel.Nodes)
        {
            Assert.That(await node.AskAsync("GET", "key"), Is.EqualTo("value"));
        }
    }

    [Test]
    public async Task KillMaster_WithAKey_IsTakenOverByAReplica()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await using var connection = await ConnectAsync(sentinel);
        var database = connection.GetDatabase();
        await database.StringSetAsync("key", "kept");
        Assert.That((int)await database.ExecuteAsync("WAIT", 2, 5000), Is.EqualTo(2));
        var first = await sentinel.MasterAsync();

        var gone = await sentinel.KillMasterAsync();
        var took = await sentinel.WaitForFailoverAsync(gone);
        await TestContext.Out.WriteLineAsync($"The failover took {took.TotalSeconds:F1} s.");

        Assert.That(gone, Is.EqualTo(first));
        var master = await sentinel.MasterAsync();
        Assert.That(master, Is.Not.EqualTo(gone));
        Assert.That(await master.AskAsync("GET", "key"), Is.EqualTo("kept"));
    }

    private static Task<ConnectionMultiplexer> ConnectAsync(RedisSentinel sentinel) =>
        ConnectionMultiplexer.ConnectAsync(sentinel.ConnectionString);
}
