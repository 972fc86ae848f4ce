using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.IntegrationTests.Redis.Checks;
using RateLimiter.IntegrationTests.Redis.Policies;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>Every change of a client's policies is published by the same script, atomically.</summary>
public sealed class RedisInvalidationChannelTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private RedisPolicyRepository policies = null!;
    private RedisKeyRepository keys = null!;

    [SetUp]
    public void Open()
    {
        policies = Store.Connection.Policies();
        keys = new RedisKeyRepository(Store.Connection, TestStore.Quotas);
    }

    [Test]
    public async Task Change_OfAPolicyOrOfKeysAndTheEnd_IsHeardOfTheClient()
    {
        var client = await Store.RegisterAsync();
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 60)
        );

        await HearAsync(
            client,
            async () => await policies.SaveAsync(client, policy) == PolicySave.Saved
        );
        await HearAsync(
            client,
            async () =>
                await policies.ChangeAsync(client, PolicyHead.Of(policy).Delete())
                == PolicySave.Saved
        );
        var (version, ring) = (await keys.FindAsync(client, default))!.Value;
        await HearAsync(
            client,
            () =>
                keys.IsSavedAsync(
                    client,
                    version,
                    ring,
                    new KeyRing([]),
                    CounterStoreExtensions.Audit(AuditAction.KeyDeleted),
                    default
                )
        );
        await HearAsync(
            client,
            async () =>
                await new RedisDeletionRepository(Store.Connection).DeleteClientAsync(
                    new ClientDeletion(
                        client,
                        default,
                        DeletionSummary.None,
                        CounterStoreExtensions.Actor
                    ),
                    default
                )
                    is not null
        );
    }

    [Test]
    public async Task Revoked_KeysAndTheClient_AreHeardByName()
    {
        var client = await Store.RegisterAsync();
        var (version, first) = (await keys.FindAsync(client, default))!.Value;
        var other = ClientKey.Create(ApiKey.Generate(client).Key, "other", Scopes.Check, default);
        var both = new KeyRing([.. first.Keys, other]);
        Assert.That(
            () => Invalidations.IsSubscribed,
            Is.True.After((int)Patience.TotalMilliseconds, 10)
        );
        var received = new System.Collections.Concurrent.ConcurrentQueue<string>();
        void HearRevoked(ClientId id, IReadOnlyCollection<KeyHash> hashes)
        {
            if (id == client)
            {
                received.Enqueue(string.Join(' ', hashes));
            }
        }

        Invalidations.KeysRevoked += HearRevoked;
        var audit = CounterStoreExtensions.Audit(AuditAction.KeyDeleted);
        await keys.IsSavedAsync(client, version, first, both, audit, default);
        await keys.IsSavedAsync(client, version + 1, both, first, audit, default);
        await new RedisDeletionRepository(Store.Connection).DeleteClientAsync(
            new ClientDeletion(client, default, DeletionSummary.None, CounterStoreExtensions.Actor),
            default
        );

        Assert.That(
            () => received,
            Is.EqualTo(new[] { $"{other.Hash}", $"{first.Keys.Single().Hash}" })
                .After((int)Patience.TotalMilliseconds, 10)
        );
        Invalidations.KeysRevoked -= HearRevoked;
    }

    [Test]
    public async Task Missed_FirstHeard_IsToldBeforeAnythingIsTakenForHeard()
    {
        using var invalidations = new RedisInvalidationChannel(
            Store.Connection,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        var wasHeard = new TaskCompletionSource<bool>();
        invalidations.MessagesLost += () => wasHeard.TrySetResult(invalidations.IsSubscribed);

        await invalidations.StartAsync(default);

        Assert.That(await wasHeard.Task.WaitAsync(Patience), Is.False);
        Assert.That(
            () => invalidations.IsSubscribed,
            Is.True.After((int)Patience.TotalMilliseconds, 10)
        );
        await invalidations.StopAsync(default);
    }

    [Test]
    public async Task Publish_WhatNobodyKnows_DisturbsNothing()
    {
        var subscriber = (await Store.Connection.Connected).GetSubscriber();
        foreach (var message in new[] { "", "ping", "ping x", "unknown x" })
        {
            await subscriber.PublishAsync(
                StackExchange.Redis.RedisChannel.Literal(RedisKeys.InvalidationChannel),
                message
            );
        }

        await Change_OfAPolicyOrOfKeysAndTheEnd_IsHeardOfTheClient();
    }

    [Test]
    public async Task Hear_WhoIsToldFails_IsSaidAndWhatComesNextIsHeard()
    {
        static void Fail(string counter) => throw new InvalidOperationException(counter);
        Invalidations.Freed += Fail;
        var subscriber = (await Store.Connection.Connected).GetSubscriber();

        await subscriber.PublishAsync(
            StackExchange.Redis.RedisChannel.Literal(RedisKeys.InvalidationChannel),
            "freed counter"
        );

        Assert.That(
            () => Store.Log.Collector.Messages(),
            Has.Some.EqualTo("The subscription to messages failed and is tried again")
                .After((int)Patience.TotalMilliseconds, 10)
        );
        Invalidations.Freed -= Fail;
        await Change_OfAPolicyOrOfKeysAndTheEnd_IsHeardOfTheClient();
    }

    private async Task HearAsync(ClientId client, Func<Task<bool>> change)
    {
        // Messages arrive in order: once the ping is received, the subscription works.
        Assert.That(
            () => Invalidations.IsSubscribed,
            Is.True.After((int)Patience.TotalMilliseconds, 10)
        );
        var received = new TaskCompletionSource();
        void Hear(ClientId changed)
        {
            if (changed == client)
            {
                received.TrySetResult();
            }
        }

        Invalidations.Changed += Hear;
        Assert.That(await change());
        await received.Task.WaitAsync(Patience);
        Invalidations.Changed -= Hear;
    }
}
