using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>The bounds of calendar periods, and instances that do not know the store's time.</summary>
public sealed class CalendarTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly TimeSpan[] Errors =
    [
        TimeSpan.FromMinutes(-10),
        TimeSpan.FromMinutes(10),
        TimeSpan.FromDays(-366),
        TimeSpan.FromDays(366),
    ];

    [TestCase(CalendarUnit.Hour, "Australia/Lord_Howe", null)]
    [TestCase(CalendarUnit.Day, "Europe/Berlin", null)]
    [TestCase(CalendarUnit.Week, "UTC", null)]
    [TestCase(CalendarUnit.Month, "America/New_York", "2026-01-31")]
    [TestCase(CalendarUnit.Quarter, "Asia/Kathmandu", null)]
    [TestCase(CalendarUnit.Year, "Pacific/Apia", "2020-02-29T12:00")]
    public async Task Acquire_AroundTheEndOfAPeriod_AllowsTheLimitBeforeAndTheLimitAfter(
        CalendarUnit unit,
        string zone,
        string? anchor
    )
    {
        using var other = await OtherAsync(TimeProvider.System);
        var limit = Limit(unit, zone, anchor);
        var plan = Plan(limit);
        var (_, end) = limit.Schedule.At(CounterStoreExtensions.Start);

        var before = await AllowedAsync(end - 1);
        var denied = await Counters.DecideAsync("acquire", plan, end - 1);
        var peeked = await Counters.DecideAsync(
            "peek",
            plan,
            Microseconds(denied.ResetsAt!.Value) - 1
        );
        var after = await AllowedAsync(Microseconds(denied.ResetsAt!.Value));
        var steppedBack = await AllowedAsync(end - 1);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(before, Is.EqualTo(10));
            Assert.That(denied.RetryAfter, Is.EqualTo(TimeSpan.FromMicroseconds(1)));
            Assert.That(Microseconds(denied.ResetsAt.Value), Is.EqualTo(end));
            Assert.That(peeked.Allowed, Is.False, "A microsecond before.");
            Assert.That(after, Is.EqualTo(10));
            Assert.That(steppedBack, Is.Zero, "The period that has begun continues.");
        }

        async Task<int> AllowedAsync(long now)
        {
            var decisions = await Task.WhenAll(
                Enumerable
                    .Range(0, 60)
                    .Select(i =>
                        Task.Run(async () =>
                            await (i % 2 == 0 ? Counters : other).DecideAsync("acquire", plan, now)
                        )
                    )
            );
            return decisions.Count(decision => decision.Allowed);
        }
    }

    // By the store's own clock, and with denials that are remembered.
    [Test]
    public async Task Acquire_TwoInstancesWhileAPeriodEnds_AllowTheLimitBeforeAndTheLimitAfter()
    {
        using var other = await OtherAsync(TimeProvider.System);
        var bound = TimeProvider.System.GetUtcNow().AddSeconds(3);
        bound = bound.AddTicks(-(bound.Ticks % TimeSpan.TicksPerSecond));
        var plan = Plan(Limit(CalendarUnit.Hour, TimeZones.Utc, $"{bound:yyyy-MM-dd'T'HH:mm:ss}"));

        var decisions = await Task.WhenAll(
            new[] { Counters, other }
                .SelectMany(store => Enumerable.Repeat(store, 4))
                .Select(store => Task.Run(() => AskAsync(store)))
        );

        var periods = decisions
            .SelectMany(each => each)
            .ToLookup(decision => decision.DecidedAt >= bound);
        using (Assert.EnterMultipleScope())
        {
            foreach (var isAfter in new[] { false, true })
            {
                Assert.That(periods[isAfter].Count(decision => decision.Allowed), Is.EqualTo(10));
                Assert.That(
                    periods[isAfter].Select(decision => decision.ResetsAt).Distinct(),
                    Is.EqualTo([bound.AddHours(isAfter ? 1 : 0)])
                );
            }
        }

        async Task<List<Decision>> AskAsync(RedisCounterStore store)
        {
            List<Decision> decided = [];
            do
            {
                decided.Add((await store.AcquireAsync(plan, default))!);
            } while (decided[^1].DecidedAt < bound.AddMilliseconds(300));

            return decided;
        }
    }

    [Test]
    public async Task Acquire_ClocksOfTwoInstancesAreOff_AllowsTheLimitAndNoMore(
        [ValueSource(nameof(Errors))] TimeSpan error
    )
    {
        using var one = await OtherAsync(new ShiftedTime(error));
        using var two = await OtherAsync(new ShiftedTime(-error));
        var plan = Plan(
            Limit(CalendarUnit.Hour, TimeZones.Utc),
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 100, 3600, name: "window")
        );

        var decisions = await Task.WhenAll(
            Enumerable
                .Range(0, 60)
                .Select(i =>
                    Task.Run(async () => await (i % 2 == 0 ? one : two).AcquireAsync(plan, default))
                )
        );
        var look = await Counters.PeekAsync(plan, default);

        Assert.That(decisions.Count(decision => decision!.Allowed), Is.EqualTo(10));
        Assert.That(look.Statuses.Select(status => status.Used), Is.EqualTo([10, 10]));
    }

    [Test]
    public async Task Evaluate_WrittenForAnotherTime_DoesNothingOfThatPlanAndAllOfTheOthers(
        [ValueSource(nameof(Errors))] TimeSpan error
    )
    {
        var unit = error.Duration() > TimeSpan.FromDays(1) ? CalendarUnit.Month : CalendarUnit.Hour;
        var database = (await Store.Connection.Connected).GetDatabase();
        KeyedPlan[] plans =
        [
            new(Plan(CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 3600))),
            new(
                Plan(
                    CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 3600, name: "window"),
                    Limit(unit, TimeZones.Utc)
                )
            ),
        ];
        // Three hours away, no period around the one time is around the other.
        var wrong = TimeProvider.System.GetUtcNow() + error * 18;

        var (keys, values) = CheckScript.Write("acquire", plans, null, Microseconds(wrong));
        var reply = await CheckScript.EvaluateAsync(database, plans, keys, values);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(reply.Outdated, Is.EqualTo([1]));
            Assert.That(reply.Decisions[0]!.Allowed);
            Assert.That(reply.Decisions[1], Is.Null);
            Assert.That(reply.Denials, Is.Empty);
            Assert.That(await database.KeyExistsAsync(plans[0].Counters), Is.EqualTo(1));
            Assert.That(await database.KeyExistsAsync(plans[1].Counters), Is.Zero);
        }
    }

    private static CalendarLimit Limit(CalendarUnit unit, string zone, string? anchor = null) =>
        new(
            "calendar",
            10,
            new CalendarSchedule(unit, zone, anchor is null ? null : CalendarAnchor.Parse(anchor))
        );

    private static CheckPlan Plan(params Limit[] limits) =>
        new(CounterStoreExtensions.NewSubject(), CounterStoreExtensions.Policy(limits), Cost: 1);

    private static long Microseconds(DateTimeOffset time) =>
        (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private async Task<RedisCounterStore> OtherAsync(TimeProvider time) =>
        new(await Store.ConnectAgainAsync(), Invalidations, time);

    /// <summary>The clock of a machine that is wrong.</summary>
    private sealed class ShiftedTime(TimeSpan error) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + error;
    }
}
