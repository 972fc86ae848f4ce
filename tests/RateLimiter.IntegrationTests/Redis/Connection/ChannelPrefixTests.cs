using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.IntegrationTests.Redis.Checks;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>
/// With a channel prefix, an instance still receives what the scripts publish, not only its own messages.
/// </summary>
[TestFixture]
public sealed class ChannelPrefixTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Test]
    public async Task Hear_WithAPrefixInTheConnectionString_HearsItselfAndTheScriptsOfOthers()
    {
        await using var server = await RedisServer.StartAsync();
        await using var there = await TestStore.ConnectAsync(server, timeoutMs: 10_000);
        await using var here = await TestStore.ConnectAsync(
            $"{server.ConnectionString},channelPrefix=x:",
            10_000,
            NullLogger<RedisConnection>.Instance
        );
        using var invalidations = new RedisInvalidationChannel(
            here,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        using var others = new RedisInvalidationChannel(
            there,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        using var counters = new RedisCounterStore(there, others, TimeProvider.System);
        var freed = new TaskCompletionSource();
        invalidations.Freed += _ => freed.TrySetResult();
        await invalidations.StartAsync(default);
        Assert.That(
            () => invalidations.IsSubscribed,
            Is.True.After((int)Patience.TotalMilliseconds, 10)
        );

        await counters.ResetAsync(
            new CheckPlan(
                new Subject(ClientId.New(), "u", null),
                CounterStoreExtensions.Policy(
                    CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 60)
                ),
                Cost: 1
            ),
            default
        );

        await freed.Task.WaitAsync(Patience);
        await invalidations.StopAsync(default);
    }
}
