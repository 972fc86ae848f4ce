using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>Sequences with known results, step by step, for the scripts and for the model alike.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class GoldenTableTests(StoreKind kind) : StoreTests(kind)
{
    private const double Never = -1;

    // Seconds, cost → allowed, remaining, reset in seconds, wait in seconds.
    private static readonly (
        double At,
        long Cost,
        bool Allowed,
        long Remaining,
        double Reset,
        double Wait
    )[] Bucket =
    [
        (0, 6, false, 5, 0, Never),
        (0, 1, true, 4, 1, 0),
        (0, 1, true, 3, 2, 0),
        (0, 1, true, 2, 3, 0),
        (0, 1, true, 1, 4, 0),
        (0, 1, true, 0, 5, 0),
        (0, 1, false, 0, 5, 1),
        (3.0, 1, true, 2, 3, 0),
        (3.1, 1, true, 1, 3.9, 0),
        (4.0, 1, true, 1, 4, 0),
        (8.0, 1, true, 4, 1, 0),
        (9.5, 1, true, 4, 1, 0),
        (9.5, 0, true, 4, 1, 0),
        (9.5, 2, true, 2, 3, 0),
        (9.5, 5, false, 2, 3, 3),
        (15, 6, false, 5, 0, Never),
    ];

    [TestCase(Algorithm.TokenBucket)]
    [TestCase(Algorithm.LeakyBucket)]
    public async Task Bucket_OnePermitASecondAndBurstOfFive_FollowsTheTable(Algorithm algorithm)
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, permits: 1, seconds: 1, burst: 5)
        );
        var subject = CounterStoreExtensions.NewSubject();
        var model = new[] { Counter.Create(algorithm) };
        var row = 0;
        foreach (var (at, cost, allowed, remaining, reset, wait) in Bucket)
        {
            var now =
                CounterStoreExtensions.Start + (long)Math.Round(at * CounterStoreExtensions.Second);
            var expected = new LimitStatus(Microseconds(wait), remaining, Microseconds(reset), 0);

            var decision = await Counters.TakeAsync(subject, policy, cost, now);
            var modelled = Counter.Acquire(model, policy.Limits, now, cost)[0];

            Assert.Multiple(() =>
            {
                Assert.That(decision.Allowed, Is.EqualTo(allowed), $"row {row}");
                Assert.That(
                    decision.Statuses[0] with
                    {
                        Used = 0,
                    },
                    Is.EqualTo(expected),
                    $"row {row}"
                );
                Assert.That(modelled with { Used = 0 }, Is.EqualTo(expected), $"row {row}, model");
            });
            row++;
        }
    }

    [Test]
    public async Task Look_AsPermitsAreTaken_TellsWhatIsNowAndWhetherOneMoreWouldPass(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 20, 60, Limit.IsBucket(algorithm) ? 5 : null)
        );
        var subject = CounterStoreExtensions.NewSubject();
        var capacity = policy.Limits[0].Capacity;

        foreach (var used in new[] { 0, 3, capacity - 1, capacity })
        {
            var before = (
                await Counters.LookAsync(subject, policy, 0, CounterStoreExtensions.Start)
            ).Used;
            await Counters.TakeAsync(subject, policy, used - before, CounterStoreExtensions.Start);

            var look = await Counters.LookAsync(subject, policy, 1, CounterStoreExtensions.Start);

            Assert.Multiple(() =>
            {
                Assert.That(
                    (look.Used, look.Remaining, look.Capacity, look.Limit),
                    Is.EqualTo((used, capacity - used, capacity, 20))
                );
                Assert.That(
                    look.ResetIn,
                    used == 0 ? Is.EqualTo(TimeSpan.Zero) : Is.GreaterThan(TimeSpan.Zero)
                );
                Assert.That(look.Allowed, Is.EqualTo(used < capacity));
                Assert.That(look.RetryAfter is null, Is.EqualTo(used < capacity));
                Assert.That(look.Violated, Has.Count.EqualTo(used < capacity ? 0 : 1));
            });
        }
    }

    [Test]
    public async Task Look_LimitLoweredBelowWhatIsUsed_HasNothingLeft(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 10, 60, Burst(algorithm))
        );
        var subject = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(subject, policy, 8, CounterStoreExtensions.Start);

        var limit = CounterStoreExtensions.Limit(
            algorithm,
            5,
            60,
            Limit.IsBucket(algorithm) ? 5 : null
        );
        policy = policy.Change(limit);
        var look = await Counters.LookAsync(subject, policy, 1, CounterStoreExtensions.Start);

        Assert.That(
            (look.Used, look.Remaining, look.Capacity, look.Allowed),
            Is.EqualTo((8, 0, 5, false))
        );
    }

    [Test]
    public async Task Look_SeveralLimits_ShowsTheOneWithTheLeastLeftNow()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 3, 60, name: "few"),
            CounterStoreExtensions.Limit(Algorithm.LeakyBucket, 20, 60, burst: 2, name: "fewer")
        );

        var look = await Counters.LookAsync(CounterStoreExtensions.NewSubject(), policy, 1);

        Assert.That(
            (look.Limit, look.Capacity, look.Used, look.Remaining),
            Is.EqualTo((20, 2, 0, 2))
        );
        Assert.That(look.Statuses.Select(status => status.Remaining), Is.EqualTo(new[] { 3, 2 }));
    }

    [TestCase(2, new long[] { 1, 1, 1 }, new long[] { 1, 0, 0 }, new[] { true, true, false })]
    [TestCase(
        2000,
        new long[] { 1000, 1500, 500, 400, 100, 1 },
        new long[] { 1000, 1000, 500, 100, 0, 0 },
        new[] { true, false, true, true, true, false }
    )]
    public async Task FixedWindow_CostsInARow_LeaveWhatTheTableSays(
        long permits,
        long[] costs,
        long[] remaining,
        bool[] allowed
    )
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, permits, seconds: 60)
        );
        var subject = CounterStoreExtensions.NewSubject();
        for (var i = 0; i < costs.Length; i++)
        {
            var decision = await Counters.TakeAsync(
                subject,
                policy,
                costs[i],
                CounterStoreExtensions.Start + i
            );

            Assert.That(
                (decision.Allowed, decision.Remaining),
                Is.EqualTo((allowed[i], remaining[i])),
                $"step {i}"
            );
        }
    }

    [Test]
    public async Task FixedWindow_LimitChangedLive_KeepsWhatWasUsed()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 100, 60)
        );
        var subject = CounterStoreExtensions.NewSubject();
        var remaining = new List<long>();
        foreach (var permits in new[] { 100, 100, 10, 10, 200 })
        {
            policy = policy.Change(
                CounterStoreExtensions.Limit(Algorithm.FixedWindow, permits, 60)
            );
            remaining.Add((await Counters.TakeAsync(subject, policy, 1)).Remaining);
        }

        Assert.That(remaining, Is.EqualTo(new[] { 99, 98, 7, 6, 195 }));
    }

    [TestCase(Algorithm.FixedWindow, Algorithm.SlidingWindow)]
    [TestCase(Algorithm.SlidingWindow, Algorithm.SlidingLog)]
    [TestCase(Algorithm.SlidingLog, Algorithm.TokenBucket)]
    [TestCase(Algorithm.TokenBucket, Algorithm.LeakyBucket)]
    [TestCase(Algorithm.LeakyBucket, Algorithm.Calendar)]
    [TestCase(Algorithm.Calendar, Algorithm.FixedWindow)]
    public async Task Limit_AlgorithmChangedLive_StartsAfresh(Algorithm before, Algorithm after)
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(before, 10, 60, Burst(before))
        );
        var subject = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(subject, policy, 10);

        policy = policy.Change(CounterStoreExtensions.Limit(after, 10, 60, Burst(after)));
        var decision = await Counters.TakeAsync(subject, policy, 1);

        Assert.That(decision.Remaining, Is.EqualTo(9));
    }

    [TestCase(Algorithm.FixedWindow)]
    [TestCase(Algorithm.SlidingWindow)]
    [TestCase(Algorithm.SlidingLog)]
    public async Task Limit_WindowChangedLive_StartsAfreshAndSoDoesChangingItBack(
        Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(CounterStoreExtensions.Limit(algorithm, 10, 60));
        var subject = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(subject, policy, 10);

        policy = policy.Change(CounterStoreExtensions.Limit(algorithm, 10, 30));
        var changed = await Counters.TakeAsync(subject, policy, 1);
        policy = policy.Change(CounterStoreExtensions.Limit(algorithm, 10, 60));
        var changedBack = await Counters.TakeAsync(subject, policy, 1);

        Assert.That((changed.Remaining, changedBack.Remaining), Is.EqualTo((9, 9)));
    }

    [Test]
    public async Task Bucket_WindowChangedLive_KeepsWhatIsMissing()
    {
        var subject = CounterStoreExtensions.NewSubject();
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.TokenBucket, 10, 60)
        );
        await Counters.TakeAsync(subject, policy, 4, CounterStoreExtensions.Start);

        policy = policy.Change(CounterStoreExtensions.Limit(Algorithm.TokenBucket, 10, 120));
        var decision = await Counters.LookAsync(subject, policy, 0, CounterStoreExtensions.Start);

        Assert.That(decision.Remaining, Is.EqualTo(6));
        Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.FromSeconds(48)));
    }

    [Test]
    public async Task SeveralLimits_OneDenies_NothingIsTakenFromAny()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 60, name: "A"),
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 3600, name: "B")
        );
        var subject = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(subject, policy, 9, CounterStoreExtensions.Start);
        // A's window ends, B's does not: A has 0 of 10 in use, B 9.
        var now = CounterStoreExtensions.Start + 60 * CounterStoreExtensions.Second;

        var denied = await Counters.TakeAsync(subject, policy, 5, now);
        var after = await Counters.LookAsync(subject, policy, 0, now);

        Assert.That(denied.Allowed, Is.False);
        Assert.That(denied.Violated, Is.EqualTo(new[] { "B" }));
        Assert.That(denied.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(3540)));
        Assert.That(after.Statuses.Select(status => status.Used), Is.EqualTo(new[] { 0, 9 }));
    }

    [Test]
    public async Task SeveralLimits_TwelveAMinuteAndTwoHundredAMonth_ThirteenthLeavesTheMonthAlone()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 12, 60, name: "minute"),
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 200, 2_592_000, name: "month")
        );
        var subject = CounterStoreExtensions.NewSubject();
        for (var i = 0; i < 12; i++)
        {
            await Counters.TakeAsync(subject, policy, 1, CounterStoreExtensions.Start);
        }

        var decision = await Counters.TakeAsync(subject, policy, 1, CounterStoreExtensions.Start);

        Assert.That(decision.Violated, Is.EqualTo(new[] { "minute" }));
        Assert.That(decision.Statuses[1].Remaining, Is.EqualTo(188));
    }

    [Test]
    public async Task Limit_Zero_DeniesWithoutAWait(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm,
        [Values(0, 1)] long cost
    )
    {
        var policy = CounterStoreExtensions.Policy(CounterStoreExtensions.Limit(algorithm, 0, 60));

        var decision = await Counters.TakeAsync(CounterStoreExtensions.NewSubject(), policy, cost);

        Assert.That(decision.Allowed, Is.False);
        Assert.That(decision.Reason, Is.EqualTo(Decision.LimitIsZero));
        Assert.That(decision.RetryAfter, Is.Null);
        Assert.That(decision.Remaining, Is.Zero);
    }

    [Test]
    public async Task Limit_SetToZeroInUse_DeniesWithoutAWait(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var subject = CounterStoreExtensions.NewSubject();
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 10, 60, Burst(algorithm))
        );
        await Counters.TakeAsync(subject, policy, 5);

        policy = policy.Change(CounterStoreExtensions.Limit(algorithm, 0, 60, Burst(algorithm)));
        var decision = await Counters.TakeAsync(subject, policy, 1);

        Assert.That(decision.Reason, Is.EqualTo(Decision.LimitIsZero));
        Assert.That((decision.RetryAfter, decision.Remaining), Is.EqualTo(((TimeSpan?)null, 0)));
    }

    [Test]
    public async Task Limit_One_PassesExactlyOnce(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(CounterStoreExtensions.Limit(algorithm, 1, 60));
        var subject = CounterStoreExtensions.NewSubject();

        var first = await Counters.TakeAsync(subject, policy, 1);
        var second = await Counters.TakeAsync(subject, policy, 1);

        Assert.That((first.Allowed, second.Allowed), Is.EqualTo((true, false)));
    }

    [Test]
    public async Task Cost_AboveTheLimit_CanNeverPassAndTakesNothing(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 10, 60, Burst(algorithm))
        );
        var subject = CounterStoreExtensions.NewSubject();

        var denied = await Counters.TakeAsync(subject, policy, 11);
        var after = await Counters.LookAsync(subject, policy, 0);

        Assert.That(
            denied.Reason,
            Is.EqualTo(
                Limit.IsBucket(algorithm) ? Decision.CostAboveBurst : Decision.CostAboveLimit
            )
        );
        Assert.That(denied.RetryAfter, Is.Null);
        Assert.That(after.Remaining, Is.EqualTo(10));
    }

    [Test]
    public async Task Refund_MoreThanWasTaken_NeverPassesTheLimit(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 10, 60, Burst(algorithm))
        );
        var subject = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(subject, policy, 3);

        var partly = await Counters.GiveAsync(subject, policy, 1);
        var wholly = await Counters.GiveAsync(subject, policy, 1_000_000_000);

        Assert.That((partly.Remaining, wholly.Remaining), Is.EqualTo((8, 10)));
    }

    private static long? Burst(Algorithm algorithm) => Limit.IsBucket(algorithm) ? 10 : null;

    private static long Microseconds(double seconds) =>
        seconds < 0 ? LimitStatus.Never : (long)Math.Round(seconds * CounterStoreExtensions.Second);
}
