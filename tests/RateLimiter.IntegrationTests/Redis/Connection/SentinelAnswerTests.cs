using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>
/// A sentinel that gives impossible replies. It starts six processes, so it does not run in parallel with other tests.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class SentinelAnswerTests
{
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(40);

    /// <summary>How long the sentinel is asked while it gives one of these replies.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);

    [Test]
    public async Task Sentinel_SaysWhatCannotBe_IsSaidOnceAndFollowedWhenItIsRightAgain()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        var master = await sentinel.MasterAsync();
        var answer = $"*2\r\n$9\r\n127.0.0.1\r\n${$"{master.Port}".Length}\r\n{master.Port}\r\n";
        string? lie = null;
        await using var address = new Forwarder(
            sentinel.Sentinels[0].Port,
            text => lie is null ? text : text.Replace(answer, lie)
        );
        await using var store = await WatchedConnection.StartAsync(
            $"{address.Address},serviceName=mymaster"
        );
        await UntilDecidedAsync(store);

        foreach (
            var it in new[]
            {
                "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n99999\r\n",
                "*2\r\n$9\r\n127.0.0.1\r\n$2\r\n-1\r\n",
                "*2\r\n$0\r\n\r\n$4\r\n6379\r\n",
                "*2\r\n$9\r\n127.0.0.1\r\n$3\r\nabc\r\n",
                "*1\r\n$3\r\nabc\r\n",
                "$3\r\nabc\r\n",
                "*-1\r\n",
            }
        )
        {
            lie = it;
            await Task.Delay(Long);
            Assert.That(await store.IsDecidedAsync(), it);
        }

        lie = null;
        await sentinel.WaitForFailoverAsync(await sentinel.KillMasterAsync());

        await UntilDecidedAsync(store);
        Assert.That(
            store.Log.Messages().Where(line => line.Contains("failed and is tried again")),
            Is.EqualTo([$"The query of the sentinel {address.Address} failed and is tried again"])
        );
    }

    // All sentinels learn of a failover from the one that leads it, within two seconds.
    [Test]
    public async Task Sentinel_AloneKnowsOfTheLatestFailover_IsFollowed()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        var old = await sentinel.MasterAsync();
        var (leader, addresses) = (sentinel.Sentinels[2], new List<Forwarder>());
        RedisNode? named = null;
        try
        {
            addresses.AddRange(
                sentinel
                    .Sentinels.Where(node => node != leader)
                    .Select(node => new Forwarder(node.Port, SayWhatWasBefore))
            );
            await using var store = await WatchedConnection.StartAsync(
                $"{addresses[0].Address},{addresses[1].Address},{leader.Address},serviceName=mymaster"
            );
            await UntilDecidedAsync(store);

            await RedisSentinel.ReplaceMasterAsync(leader);
            await Poll.UntilAsync(
                "The master is not replaced.",
                Recovered,
                async () => (named = await sentinel.MasterAsync(leader)) != old
            );

            await Poll.UntilAsync(
                "The new master is not followed.",
                TimeSpan.FromSeconds(10),
                () =>
                    Task.FromResult(
                        store
                            .Connection.Link.Current!.GetEndPoints()[0]
                            .ToString()!
                            .EndsWith($":{named!.Port}", StringComparison.Ordinal)
                    )
            );
        }
        finally
        {
            foreach (var address in addresses)
            {
                await address.DisposeAsync();
            }
        }

        string SayWhatWasBefore(string text) =>
            sentinel
                .Nodes.Aggregate(text, (said, node) => said.Replace($"{node.Port}", $"{old.Port}"))
                .Replace("config-epoch\r\n$1\r\n1\r\n", "config-epoch\r\n$1\r\n0\r\n");
    }

    private static Task<TimeSpan> UntilDecidedAsync(WatchedConnection store) =>
        Poll.UntilAsync("The store does not decide.", Recovered, store.IsDecidedAsync);
}
