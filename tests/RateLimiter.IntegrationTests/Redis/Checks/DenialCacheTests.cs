using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>
/// A denial is repeated without the store for as long as it is stable. To show that the store is not asked, the test
/// deletes the counter directly.
/// </summary>
public sealed class DenialCacheTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Test]
    public async Task Take_DeniedBefore_IsDeniedWithoutTheStore(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var request = Request(algorithm, 1, 3600);
        var denial = await ExhaustAsync(request);
        await RemoveAsync(request);

        var again = await TakeAsync(Counters, request);
        var batch = await Counters.AcquireEachAsync([request, request], CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(again.Allowed, Is.False);
            Assert.That(again.RetryAfter, Is.LessThanOrEqualTo(denial.RetryAfter!.Value));
            Assert.That(again.ResetIn, Is.LessThanOrEqualTo(denial.ResetIn));
            Assert.That(batch.Select(decision => decision!.Allowed), Is.All.False);
        }
    }

    [Test]
    public async Task Take_OtherCostOrVersion_IsTheStores()
    {
        var request = Request(Algorithm.FixedWindow, 3, 3600);
        await ExhaustAsync(request with { Cost = 3 });
        await RemoveAsync(request);

        Assert.That((await TakeAsync(Counters, request with { Cost = 2 })).Allowed);
        var revised = request.Policy.Revise(request.Policy.Definition, DateTimeOffset.UnixEpoch);
        Assert.That((await TakeAsync(Counters, request with { Policy = revised })).Allowed);
    }

    [Test]
    public async Task Take_SomePermitsLeft_IsTheStoresForAnotherMayTakeThem()
    {
        var request = Request(Algorithm.FixedWindow, 3, 3600);
        await TakeAsync(Counters, request);
        await TakeAsync(Counters, request with { Cost = 3 });
        await TakeAsync(Counters, request);

        var denial = await TakeAsync(Counters, request with { Cost = 3 });

        Assert.That(denial.Remaining, Is.EqualTo(1));
    }

    [Test]
    public async Task Take_TheWaitIsOver_IsAllowed(
        [ValueSource(
            typeof(CounterStoreExtensions),
            nameof(CounterStoreExtensions.WithShortWindows)
        )]
            Algorithm algorithm
    )
    {
        var request = Request(algorithm, 2, 1);
        var denial = await ExhaustAsync(request);

        await Task.Delay(denial.RetryAfter!.Value + TimeSpan.FromMilliseconds(20));

        Assert.That((await TakeAsync(Counters, request)).Allowed);
    }

    [Test]
    public async Task Take_GivenBackOrResetHere_IsAllowedAtOnce([Values] bool isReset)
    {
        var request = Request(Algorithm.FixedWindow, 1, 3600);
        await ExhaustAsync(request);

        await FreeAsync(Counters, request, isReset);

        Assert.That((await TakeAsync(Counters, request)).Allowed);
    }

    [Test]
    public async Task Take_GivenBackOrResetElsewhere_IsAllowedWhenTheMessageHasArrived(
        [Values] bool isReset
    )
    {
        var connection = await Store.ConnectAgainAsync();
        using var invalidations = new RedisInvalidationChannel(
            connection,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        using var other = new RedisCounterStore(connection, invalidations, TimeProvider.System);
        var request = Request(Algorithm.TokenBucket, 1, 3600);
        await ExhaustAsync(request);
        var received = new TaskCompletionSource();
        Invalidations.Freed += name =>
        {
            if (name == new KeyedPlan(request).Slot)
            {
                received.TrySetResult();
            }
        };

        await FreeAsync(other, request, isReset);
        await received.Task.WaitAsync(Patience);

        Assert.That((await TakeAsync(Counters, request)).Allowed);
    }

    [Test]
    public async Task Take_SeveralLimits_StaysDeniedUntilAnyOfThemHasMore()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 3600, name: "hour"),
            CounterStoreExtensions.Limit(Algorithm.TokenBucket, 5, 5, name: "second")
        );
        var request = new CheckPlan(CounterStoreExtensions.NewSubject(), policy, 1);
        var denial = await ExhaustAsync(request);

        Assert.That(
            denial.StableFor,
            Is.GreaterThan(TimeSpan.Zero).And.LessThanOrEqualTo(TimeSpan.FromSeconds(1))
        );
    }

    [Test]
    public async Task Take_OneOfSeveralLimitsReset_HasTheFiguresOfTheOthersAlone()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 3600, name: "hour"),
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 86_400, name: "day")
        );
        var request = new CheckPlan(CounterStoreExtensions.NewSubject(), policy, 1);
        var denial = await ExhaustAsync(request);
        Assert.That(denial.Violated, Is.EqualTo(["hour", "day"]));

        await Counters.ResetAsync(request with { Limits = policy.Limits.Select(0b10) }, default);

        var after = await TakeAsync(Counters, request);
        Assert.That(after.Violated, Is.EqualTo(["hour"]));
        Assert.That(after.RetryAfter, Is.LessThanOrEqualTo(TimeSpan.FromHours(1)));
    }

    private static CheckPlan Request(Algorithm algorithm, long permits, int seconds) =>
        new(
            CounterStoreExtensions.NewSubject(),
            CounterStoreExtensions.Policy(
                CounterStoreExtensions.Limit(
                    algorithm,
                    permits,
                    seconds,
                    Limit.IsBucket(algorithm) ? permits : null
                )
            ),
            1
        );

    private static async Task<Decision> TakeAsync(RedisCounterStore store, CheckPlan request) =>
        (await store.AcquireAsync(request, CancellationToken.None))!;

    private static async Task FreeAsync(RedisCounterStore store, CheckPlan request, bool isReset)
    {
        if (isReset)
        {
            await store.ResetAsync(request, CancellationToken.None);
        }
        else
        {
            await store.RefundAsync(request, CancellationToken.None);
        }
    }

    /// <summary>
    /// Takes permits until a check is denied, with a healthy subscription, so that the denial is cached.
    /// </summary>
    private async Task<Decision> ExhaustAsync(CheckPlan request)
    {
        Assert.That(
            () => Invalidations.IsSubscribed,
            Is.True.After((int)Patience.TotalMilliseconds, 10)
        );
        while (true)
        {
            var decision = await TakeAsync(Counters, request);
            if (!decision.Allowed)
            {
                return decision;
            }
        }
    }

    private async Task RemoveAsync(CheckPlan request)
    {
        var database = (await Store.Connection.Connected).GetDatabase();
        RedisKey counter = new KeyedPlan(request).Slot;
        Assert.That(await database.KeyDeleteAsync(counter), Is.True);
    }
}
