using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Logs;
using RateLimiter.TestStores;
using static RateLimiter.IntegrationTests.Redis.Connection.LogLines;

namespace RateLimiter.IntegrationTests.Redis.Logs;

/// <summary>
/// Logs on all masters of a cluster. It starts six processes, so it does not run in parallel with other tests.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class ClusterFeedTests
{
    [Test]
    public async Task Read_LogsOnAllMasters_EachHasItsIds()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connection = new RedisConnection(
            Options.Create(new RedisOptions { ConnectionString = cluster.ConnectionString }),
            Options.Create(new StoreOptions { TimeoutMs = 10_000 }),
            new StoreRoom(),
            TestStore.NewClock(),
            NullLogger<RedisConnection>.Instance
        );
        await connection.StartAsync(default);
        await connection.Connected;
        using var log = new RedisDecisionLog(
            connection,
            Options.Create(new LogOptions()),
            TimeProvider.System,
            NullLogger<RedisDecisionLog>.Instance
        );
        await log.StartAsync(default);
        var feed = new RedisDecisionFeed(connection, log);
        var clients = new List<ClientId>();
        for (var i = 0; i < 12; i++)
        {
            clients.Add(await TestStore.RegisterAsync(connection));
        }

        foreach (var count in new[] { 600, 600, 300 })
        {
            for (var i = 0; i < count; i++)
            {
                clients.ForEach(client => log.Record(client, Logged($"{client}")));
            }

            await feed.FlushAsync(clients[0], default);
        }

        Assert.That(
            clients.Select(client => connection.ShardOf(RedisKeys.Log(client))).Distinct().ToList(),
            Has.Count.EqualTo(3),
            "Not every master has a log."
        );
        foreach (var client in clients)
        {
            var part = await feed.ReadAsync(client, ClientLog.Decisions, 0, default);
            Assert.That(part.End - part.Start, Is.EqualTo(1500));
            Assert.That(part.Entries, Has.Count.EqualTo(part.End - part.Cut));
            Assert.That(
                part.Entries.Select(entry => entry!.Value.UserId),
                Is.All.EqualTo($"{client}")
            );
        }

        await log.StopAsync(default);
    }
}
