using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using static RateLimiter.UnitTests.Domain.Checks.Model;

namespace RateLimiter.UnitTests.Domain.Checks;

/// <summary>Properties that hold for every algorithm.</summary>
public sealed class CounterTests
{
    [Test]
    public void Create_UnknownAlgorithm_Throws() =>
        Assert.That(
            () => Counter.Create((Algorithm)99),
            Throws.TypeOf<ArgumentOutOfRangeException>()
        );

    [Test]
    public void TryAcquire_RandomHistory_DecidesAndTakesAsAcquireDoes(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var random = new Random(1);
        Limit[] limits = [Ten(algorithm), TestData.Limit("b", 15, 25, algorithm, burst: 20)];
        Counter[] fast = [.. limits.Select(limit => Counter.Create(limit.Algorithm))];
        Counter[] full = [.. fast];
        var now = 0L;
        for (var i = 0; i < 2000; i++)
        {
            now += random.NextInt64(3 * Second);
            var cost = random.NextInt64(12);
            var minCost = random.NextInt64(Math.Min(cost, 1), cost + 1);

            var statuses = Counter.Acquire(full, limits, now, cost, minCost);
            var taken = Counter.TryAcquire(fast, limits, now, cost, minCost);

            Assert.That(taken is not null, Is.EqualTo(statuses.All(it => it.Wait == 0)));
            var peek = Counter.Acquire([.. fast], limits, now, cost: 0);
            Assert.That(
                peek.Select(it => (it.Remaining, it.Reset)),
                Is.EqualTo(statuses.Select(it => (it.Remaining, it.Reset)))
            );
        }
    }

    [Test]
    public void Return_SameWindow_GivesBackWhatWasTaken(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        Limit[] limits = [Ten(algorithm)];
        Counter[] counters = [Counter.Create(algorithm)];
        Counter.TryAcquire(counters, limits, 0, 6, 6);
        var origin = counters[0].Origin(limits[0]);
        Counter.TryAcquire(counters, limits, 1, 4, 4);

        counters[0] = counters[0].Return(limits[0], 2, 5, origin);

        Assert.That(Counter.TryAcquire(counters, limits, 2, 6, 6), Is.Null);
        Assert.That(Counter.TryAcquire(counters, limits, 2, 5, 5), Is.EqualTo(5));
    }

    [TestCase(Algorithm.FixedWindow)]
    [TestCase(Algorithm.SlidingWindow)]
    [TestCase(Algorithm.SlidingLog)]
    [TestCase(Algorithm.Calendar)]
    public void Return_WindowIsGone_GivesNothingBack(Algorithm algorithm)
    {
        Limit[] limits = [Ten(algorithm)];
        Counter[] counters = [Counter.Create(algorithm)];
        Counter.TryAcquire(counters, limits, 0, 6, 6);
        var origin = counters[0].Origin(limits[0]);
        var later = 10_000 * Second;
        Counter.TryAcquire(counters, limits, later, 10, 10);

        counters[0] = counters[0].Return(limits[0], later, 6, origin);

        Assert.That(Counter.TryAcquire(counters, limits, later, 1, 1), Is.Null);
    }

    [Test]
    public void Charge_OverTheLimit_IsTakenNevertheless(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        Limit[] limits = [Ten(algorithm)];
        Counter[] counters = [Counter.Create(algorithm)];

        counters[0] = counters[0].Charge(limits[0], 0, 25);

        Assert.That(Counter.Acquire(counters, limits, 0, cost: 0).Single().Used, Is.EqualTo(25));
    }

    // One limit

    [Test]
    public void Take_Unused_HasAllOfIt(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm,
        [Values(0, 3)] long cost
    ) =>
        Assert.That(
            new Model(Ten(algorithm)).Take(0, cost) with
            {
                Reset = 0,
            },
            Is.EqualTo(new LimitStatus(0, 10 - cost, 0, 0))
        );

    [Test]
    public void Take_Nothing_ChangesNothing(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var model = new Model(Ten(algorithm));
        model.Take(0, cost: 3);

        var looks = new[] { model.Take(Second, cost: 0), model.Take(Second, cost: 0) };

        Assert.That(looks[1], Is.EqualTo(looks[0]));
        Assert.That(looks[0].Wait, Is.Zero);
    }

    [Test]
    public void Take_Denied_TakesNothing(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var model = new Model(Ten(algorithm));
        model.Take(0, cost: 6);

        var denied = model.Take(0, cost: 5);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(denied.Wait, Is.Positive);
            Assert.That(denied.Remaining, Is.EqualTo(4));
            Assert.That(model.Take(0, cost: 4).Wait, Is.Zero);
        }
    }

    [Test]
    public void Take_MoreThanTheLimit_NeverPasses(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    ) =>
        Assert.That(
            new Model(Ten(algorithm)).Take(0, cost: 11),
            Is.EqualTo(new LimitStatus(Never, 10, 0, 0))
        );

    [Test]
    public void Take_LimitOfZero_NeverPasses(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm,
        [Values(0, 1)] long cost
    ) =>
        Assert.That(
            new Model(TestData.Limit("default", 0, 60, algorithm, burst: 5)).Take(0, cost),
            Is.EqualTo(new LimitStatus(Never, 0, 0, 0))
        );

    [Test]
    public void Take_LimitSetToZero_ShowsWhatWasUsedAndNothingLeft(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var model = new Model(Ten(algorithm));
        model.Take(0, cost: 3);
        model.Change(TestData.Limit("default", 0, 60, algorithm, burst: 10));

        Assert.That(model.Take(0), Is.EqualTo(new LimitStatus(Never, 0, 0, 3)));
    }

    [Test]
    public void Give_LimitOfZero_GivesNothing(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var model = new Model(Ten(algorithm));
        model.Take(0, cost: 3);
        model.Change(TestData.Limit("default", 0, 60, algorithm, burst: 10));
        model.Give(0, 3);
        model.Change(Ten(algorithm));

        Assert.That(model.Take(0, cost: 0).Remaining, Is.EqualTo(7));
    }

    [TestCase(0, 7)]
    [TestCase(1, 8)]
    [TestCase(3, 10)]
    [TestCase(4, 10)]
    [TestCase(1_000_000_000, 10)]
    public void Give_Cost_IsThereAgainButNeverMoreThanTheLimit(long cost, long remaining)
    {
        var left = Algorithms.OfChecks.Select(algorithm =>
        {
            var model = new Model(Ten(algorithm));
            model.Take(0, cost: 3);
            return (model.Give(0, cost).Remaining, model.Take(0, cost: 0).Remaining);
        });

        Assert.That(left, Is.All.EqualTo((remaining, remaining)));
    }

    [Test]
    public void Give_Unused_ChangesNothing(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var model = new Model(Ten(algorithm));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Give(0, 5), Is.EqualTo(new LimitStatus(0, 10, 0, 0)));
            Assert.That(model.Take(0, cost: 10).Wait, Is.Zero);
            Assert.That(model.Take(0).Wait, Is.Positive);
        }
    }

    // A clock that steps back

    [TestCase(Algorithm.FixedWindow, 110, 110)]
    [TestCase(Algorithm.SlidingWindow, 76, 130, Description = "the window ends at 120")]
    [TestCase(Algorithm.SlidingLog, 110, 110)]
    [TestCase(Algorithm.TokenBucket, 56, 110)]
    [TestCase(Algorithm.LeakyBucket, 56, 110)]
    [TestCase(Algorithm.Calendar, 3550, 3550, Description = "the hour ends at 3600")]
    public void Take_ClockStepsBack_StandsStill(Algorithm algorithm, long wait, long reset)
    {
        var model = new Model(Ten(algorithm));
        model.Take(100 * Second, cost: 10);

        Assert.That(
            model.Take(50 * Second),
            Is.EqualTo(new LimitStatus(wait * Second, 0, reset * Second, 10))
        );
    }

    [Test]
    public void Take_AfterTheClockSteppedBack_CountsFromTheLaterTime()
    {
        var model = new Model(Ten(Algorithm.SlidingLog));
        model.Take(100 * Second, cost: 9);
        model.Take(50 * Second);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Take(160 * Second - 1).Wait, Is.EqualTo(1));
            Assert.That(model.Take(160 * Second, cost: 10).Wait, Is.Zero);
        }
    }

    [Test]
    public void Take_ClockStepsBackAndForth_GivesNoPermitTwice(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var model = new Model(Ten(algorithm));
        model.Take(100 * Second, cost: 10);

        var later = new long[] { 50, 100, 40, 100 }.Select(at => model.Take(at * Second).Wait);

        Assert.That(later.ToList(), Is.All.Positive);
    }

    [TestCase(40, false)]
    [TestCase(39, true)]
    public void Take_CounterIsAhead_BeginsNowWhenItIsMoreThanAWindow(long now, bool begins)
    {
        // A window of 60 s that is not aligned to the clock's minutes.
        Algorithm[] algorithms =
        [
            Algorithm.FixedWindow,
            Algorithm.SlidingLog,
            Algorithm.TokenBucket,
            Algorithm.LeakyBucket,
        ];
        var taken = algorithms.Select(algorithm =>
        {
            var model = new Model(Ten(algorithm));
            model.Take(100 * Second, cost: 10);
            return model.Take(now * Second);
        });

        Assert.That(
            taken.Select(status => (status.Wait == 0, status.Used)),
            Is.All.EqualTo((begins, begins ? 0L : 10L))
        );
    }

    [TestCase(60, false)]
    [TestCase(59, true)]
    public void Take_SlidingWindowIsAhead_BeginsNowWhenItIsMoreThanAWindow(long now, bool begins)
    {
        var model = new Model(Ten(Algorithm.SlidingWindow));
        // The window that begins at 120.
        model.Take(179 * Second, cost: 10);

        Assert.That(model.Take(now * Second).Wait == 0, Is.EqualTo(begins));
    }

    // The hour that began at 3600 continues while it is the next one, until it ends.
    [TestCase(3_599, 3_601, 10)]
    [TestCase(0, 7_200, 10)]
    [TestCase(-1, 1, 0)]
    public void Take_CalendarIsAhead_BeginsNowWhenItIsMoreThanAPeriod(int now, int wait, long used)
    {
        var model = new Model(Ten(Algorithm.Calendar));
        model.Take(3_600 * Second, cost: 10);

        var taken = model.Take(now * Second, cost: 1);

        Assert.That((taken.Wait, taken.Used), Is.EqualTo((used == 0 ? 0 : wait * Second, used)));
    }

    [Test]
    public void Take_ClockWasYearsAhead_CountsOnFromNow(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var model = new Model(Ten(algorithm));
        model.Take(400 * 86_400 * Second, cost: 10);

        model.Take(120 * Second, cost: 10);
        var twoWindows = 2 * (long)Ten(algorithm).LongestWindow.TotalMicroseconds;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Take(120 * Second).Wait, Is.Positive.And.AtMost(twoWindows));
            Assert.That(model.Take(120 * Second + twoWindows, cost: 10).Wait, Is.Zero);
        }
    }

    // Several limits

    [Test]
    public void Take_OneOfTwoLimitsDenies_TakesFromNeither([Values] bool deniedFirst)
    {
        var (used, unused) = (TestData.Limit("used"), TestData.Limit("unused", windowSeconds: 10));
        var model = new Model(deniedFirst ? [used, unused] : [unused, used]);
        model.Take(0, cost: 9);

        // The shorter window has ended by now.
        var denied = model.TakeAll(10 * Second, cost: 5);

        LimitStatus[] expected = [new(50 * Second, 1, 50 * Second, 9), new(0, 10, 0, 0)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(denied, Is.EqualTo(deniedFirst ? expected : expected.Reverse()));
            Assert.That(
                model.TakeAll(10 * Second, cost: 0).Select(status => status.Remaining),
                Is.EqualTo(deniedFirst ? new[] { 1, 10 } : [10, 1])
            );
        }
    }

    [Test]
    public void Take_TwelveAMinuteAndTwoHundredAMonth_TheThirteenthTakesFromNeither()
    {
        var model = new Model(
            TestData.Limit("minute", 12, 60),
            TestData.Limit("month", 200, 2_592_000)
        );
        for (var i = 0; i < 12; i++)
        {
            Assert.That(model.TakeAll(0).Select(status => status.Wait), Is.All.Zero);
        }

        Assert.That(
            model.TakeAll(0),
            Is.EqualTo(
                new LimitStatus[]
                {
                    new(60 * Second, 0, 60 * Second, 12),
                    new(0, 188, 2_592_000 * Second, 12),
                }
            )
        );
    }

    [Test]
    public void Take_OneLimitOfEachAlgorithm_TakesFromAllOrNone()
    {
        var model = new Model([.. Algorithms.OfChecks.Select(Ten)]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Remaining(model.TakeAll(0, cost: 7)), Is.All.EqualTo(3));
            Assert.That(Remaining(model.TakeAll(0, cost: 4)), Is.All.EqualTo(3));
            Assert.That(Remaining(model.TakeAll(0, cost: 3)), Is.All.Zero);
        }
    }

    [Test]
    public void Take_OneLimitCanNeverPass_TakesFromNeither()
    {
        var model = new Model(TestData.Limit("small", permits: 4), TestData.Limit("great"));

        var denied = model.TakeAll(0, cost: 5);

        Assert.That(
            denied,
            Is.EqualTo(new LimitStatus[] { new(Never, 4, 0, 0), new(0, 10, 0, 0) })
        );
    }

    [Test]
    public void Give_SeveralLimits_GivesToEachWhatItLacks()
    {
        var model = new Model(TestData.Limit("short", windowSeconds: 10), TestData.Limit("long"));
        model.Take(0, cost: 5);
        model.Take(10 * Second, cost: 2);

        Assert.That(
            model.GiveAll(10 * Second, 4),
            Is.EqualTo(new LimitStatus[] { new(0, 10, 0, 2), new(0, 7, 50 * Second, 7) })
        );
    }

    private static Limit Ten(Algorithm algorithm) =>
        TestData.Limit($"{algorithm}", 10, 60, algorithm, burst: 10);

    private static IEnumerable<long> Remaining(IEnumerable<LimitStatus> statuses) =>
        statuses.Select(status => status.Remaining);
}
