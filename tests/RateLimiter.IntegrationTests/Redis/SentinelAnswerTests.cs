using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis;

/// <summary>A sentinel that says what cannot be. Six processes: not beside other tests.</summary>
[TestFixture]
[NonParallelizable]
public sealed class SentinelAnswerTests
{
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(40);

    /// <summary>So often it is asked while it says one of them.</summary>
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
            store.Log.Messages.Where(line => line.Contains("failed and is tried again")),
            Is.EqualTo([
                $"The question to the sentinel {address.Address} failed and is tried again",
            ])
        );
    }

    private static Task<TimeSpan> UntilDecidedAsync(WatchedConnection store) =>
        Poll.UntilAsync("The store does not decide.", Recovered, store.IsDecidedAsync);
}
