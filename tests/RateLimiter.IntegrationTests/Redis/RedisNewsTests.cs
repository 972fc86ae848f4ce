using RateLimiter.Application.Policies;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis;

namespace RateLimiter.IntegrationTests.Redis;

/// <summary>Who changes a client's policies says so in the store, in the same step.</summary>
public sealed class RedisNewsTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private RedisPolicyRepository policies = null!;
    private RedisKeyRepository keys = null!;

    [SetUp]
    public void Open()
    {
        policies = new RedisPolicyRepository(Store.Connection);
        keys = new RedisKeyRepository(Store.Connection);
    }

    [Test]
    public async Task Change_OfAPolicyOrOfKeysAndTheEnd_IsHeardOfTheClient()
    {
        var client = await Store.RegisterAsync();
        var policy = Ask.Policy(Ask.Limit(Algorithm.FixedWindow, 1, 60));

        await HearAsync(
            client,
            async () =>
                await policies.TrySaveAsync(
                    client,
                    policy,
                    maxPolicies: 1,
                    maxBytes: 10_000,
                    default
                ) == PolicySave.Saved
        );
        await HearAsync(client, () => policies.DeleteAsync(client, policy.Key, default));
        var (version, ring) = (await keys.FindAsync(client, default))!.Value;
        await HearAsync(
            client,
            () => keys.TrySaveAsync(client, version, ring, new KeyRing([]), default)
        );
        await HearAsync(
            client,
            async () =>
                await new RedisDeletionRepository(Store.Connection).DeleteClientAsync(
                    client,
                    default
                )
                    is not null
        );
    }

    [Test]
    public async Task Missed_FirstHeard_IsToldBeforeAnythingIsTakenForHeard()
    {
        using var news = new RedisNews(Store.Connection, TimeProvider.System);
        var wasHeard = new TaskCompletionSource<bool>();
        news.Missed += () => wasHeard.TrySetResult(news.IsHeard);

        await news.StartAsync(default);

        Assert.That(await wasHeard.Task.WaitAsync(Patience), Is.False);
        Assert.That(() => news.IsHeard, Is.True.After((int)Patience.TotalMilliseconds, 10));
        await news.StopAsync(default);
    }

    [Test]
    public async Task Publish_WhatNobodyKnows_DisturbsNothing()
    {
        var subscriber = (await Store.Connection.Connected).GetSubscriber();
        foreach (var message in new[] { "", "ping", "ping x", "unknown x" })
        {
            await subscriber.PublishAsync(
                StackExchange.Redis.RedisChannel.Literal(RedisKeys.News),
                message
            );
        }

        await Change_OfAPolicyOrOfKeysAndTheEnd_IsHeardOfTheClient();
    }

    private async Task HearAsync(ClientId client, Func<Task<bool>> change)
    {
        // Messages come in order: with the ping heard, it is listened to.
        Assert.That(() => News.IsHeard, Is.True.After((int)Patience.TotalMilliseconds, 10));
        var heard = new TaskCompletionSource();
        void Hear(ClientId changed)
        {
            if (changed == client)
            {
                heard.TrySetResult();
            }
        }

        News.Changed += Hear;
        Assert.That(await change());
        await heard.Task.WaitAsync(Patience);
        News.Changed -= Hear;
    }
}
