using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis.Checks;

/// <summary>What holds for every algorithm in a store that others use at the same time.</summary>
public sealed class CounterStoreTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly string[] AwkwardNames =
    [
        "a",
        "a:",
        ":a",
        "a:b",
        "1:a",
        "{a}",
        "{}",
        "{a}b",
        "}",
        "{",
        "*",
        "?",
        "[a]",
        "[",
        "\\",
        "\"",
        "'",
        " a",
        "a ",
        " ",
        // The same letter, composed and decomposed.
        "\u00E9",
        "e\u0301",
        "\u65E5\u672C",
        "\U0001F600",
        "A",
        new string('x', 256),
        new string('x', 255),
        "None",
        "null",
        "default",
    ];

    [Test]
    public async Task Take_200InParallelAtLimit10ThroughTwoInstances_AllowsExactly10(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        using var other = new RedisCounterStore(
            await Store.ConnectAgainAsync(),
            Invalidations,
            TimeProvider.System
        );
        var subject = CounterStoreExtensions.NewSubject();
        var burst = Limit.IsBucket(algorithm) ? 10 : (long?)null;
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 10, 31_536_000, burst)
        );

        var decisions = await Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(i =>
                    Task.Run(async () =>
                        await (i % 2 == 0 ? Counters : other).AcquireAsync(
                            new CheckPlan(subject, policy, 1),
                            CancellationToken.None
                        )
                    )
                )
        );

        Assert.That(decisions.Count(decision => decision!.Allowed), Is.EqualTo(10));
    }

    [Test]
    public async Task TakeEach_MoreThanOneCallHolds_DecidesInOrder()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 150, 3600)
        );
        var subject = CounterStoreExtensions.NewSubject();
        var requests = Enumerable.Repeat(new CheckPlan(subject, policy, 1), 1000).ToList();

        var decisions = await Counters.AcquireEachAsync(requests, CancellationToken.None);

        Assert.That(
            decisions.Select(decision => decision!.Remaining),
            Is.EqualTo(Enumerable.Range(0, 1000).Select(i => Math.Max(0, 149 - i)))
        );
        Assert.That(decisions.Count(decision => decision!.Allowed), Is.EqualTo(150));
    }

    [Test]
    public async Task Subject_AwkwardNames_AreAllApartInEveryVerb([Values] bool isRoute)
    {
        var client = ClientId.New();
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1000, 3600, name: "a"),
            CounterStoreExtensions.Limit(Algorithm.TokenBucket, 1000, 3600, name: "b")
        );
        var subjects = AwkwardNames
            .Select(name =>
                isRoute ? new Subject(client, "user", name) : new Subject(client, name, null)
            )
            .ToList();

        // Each takes, gives back and looks with its own amounts, one after the other and then all over again.
        for (var i = 0; i < subjects.Count; i++)
        {
            await Counters.TakeAsync(subjects[i], policy, 100 + i);
        }

        for (var i = 0; i < subjects.Count; i++)
        {
            await Counters.GiveAsync(subjects[i], policy, 50);
        }

        var used = new List<long>();
        foreach (var subject in subjects)
        {
            used.Add((await Counters.LookAsync(subject, policy, 0)).Used);
        }

        Assert.That(used, Is.EqualTo(Enumerable.Range(50, subjects.Count)));

        var last = await Counters.LookAsync(subjects[0], policy, 0);
        var resetAt = await Counters.ResetAsync(
            new CheckPlan(subjects[Array.IndexOf(AwkwardNames, "*")], policy, Cost: 0),
            CancellationToken.None
        );
        var next = await Counters.LookAsync(subjects[0], policy, 0);
        Assert.That(resetAt, Is.InRange(last.DecidedAt, next.DecidedAt));
        var left = 0;
        foreach (var subject in subjects)
        {
            left += (await Counters.LookAsync(subject, policy, 0)).Used > 0 ? 1 : 0;
        }

        Assert.That(left, Is.EqualTo(subjects.Count - 1));
    }

    [Test]
    public async Task Subject_UserAndRouteThatReadTheSameTogether_AreApart()
    {
        var client = ClientId.New();
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 3600)
        );
        await Counters.TakeAsync(new Subject(client, "a", "b:c"), policy, 1);

        var others = new[]
        {
            new Subject(client, "a:b", "c"),
            new Subject(client, "a:3:b:c", null),
            new Subject(client, "a", "b"),
            new Subject(client, "a", null),
        };

        foreach (var other in others)
        {
            Assert.That((await Counters.LookAsync(other, policy, 0)).Used, Is.Zero, $"{other}");
        }
    }

    [Test]
    public async Task Counters_AfterEveryVerb_HaveATimeToLive(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 10, 3600, Limit.IsBucket(algorithm) ? 10 : null)
        );
        var subject = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(subject, policy, 3);
        await Counters.TakeAsync(subject, policy, 1);
        await Counters.TakeAsync(subject, policy, 100);
        await Counters.LookAsync(subject, policy, 1);
        await Counters.GiveAsync(subject, policy, 1);

        var key = CounterStoreExtensions.KeyOf(subject, policy.Limits[0]);
        var left = await OnDatabaseAsync(database => database.KeyTimeToLiveAsync(key));

        Assert.That(left, Is.Not.Null.And.LessThanOrEqualTo(TimeSpan.FromSeconds(7200.1)));
    }

    [Test]
    public async Task Store_AfterWhateverOtherTestsDid_HoldsNoCounterForEver()
    {
        await Counters.TakeAsync(
            CounterStoreExtensions.NewSubject(),
            CounterStoreExtensions.Policy(
                CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 60)
            ),
            1
        );

        var (all, forEver) = await Store.ScanAsync();

        Assert.That(all, Is.Positive);
        // For the keys of a client's registry, the hash tag between the braces is exactly the client's id.
        Assert.That(forEver.Where(name => name.IndexOf(':', 3) < name.IndexOf('}', 3)), Is.Empty);
    }

    [TestCase(1, 100)]
    [TestCase(10, 1000)]
    public async Task Bucket_PaceLoweredLive_OutlivesItsOldPace(long permits, int seconds)
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.TokenBucket, 10, 10, burst: 10)
        );
        var subject = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(subject, policy, 10);

        policy = policy.Change(
            CounterStoreExtensions.Limit(Algorithm.TokenBucket, permits, seconds, burst: 10)
        );
        await Counters.TakeAsync(subject, policy, 10);

        var key = CounterStoreExtensions.KeyOf(subject, policy.Limits[0]);
        var left = await OnDatabaseAsync(database => database.KeyTimeToLiveAsync(key));
        Assert.That(left, Is.GreaterThan(TimeSpan.FromSeconds(900)));
    }

    [Test]
    public async Task Counters_UsedAndGivenBackOrIdleForTheirWindow_AreGone(
        [ValueSource(
            typeof(CounterStoreExtensions),
            nameof(CounterStoreExtensions.WithShortWindows)
        )]
            Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(algorithm, 10, 1, Limit.IsBucket(algorithm) ? 10 : null)
        );
        var idle = CounterStoreExtensions.NewSubject();
        var refunded = CounterStoreExtensions.NewSubject();
        await Counters.TakeAsync(idle, policy, 5);
        await Counters.TakeAsync(refunded, policy, 5);
        await Counters.GiveAsync(refunded, policy, 5);

        Assert.That(await ExistsAsync(refunded, policy), Is.False);
        Assert.That(() => ExistsAsync(idle, policy), Is.False.After(10_000, 50));
    }

    [Test]
    public async Task Take_RefusedOrOfNothing_WritesNothing(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = CounterStoreExtensions.Policy(CounterStoreExtensions.Limit(algorithm, 10, 60));
        var subject = CounterStoreExtensions.NewSubject();

        await Counters.TakeAsync(subject, policy, 0);
        await Counters.TakeAsync(subject, policy, 11);
        await Counters.LookAsync(subject, policy, 1);
        await Counters.GiveAsync(subject, policy, 1);

        Assert.That(await ExistsAsync(subject, policy), Is.False);
    }

    [TestCase(2)]
    [TestCase(9_600)]
    public async Task Take_CounterOfAClockThatWasWrong_BeginsNow(int hours)
    {
        var ahead = TimeProvider.System.GetUtcNow().AddHours(hours).ToUnixTimeMilliseconds() * 1000;
        foreach (var algorithm in Algorithms.OfChecks)
        {
            var subject = CounterStoreExtensions.NewSubject();
            var policy = CounterStoreExtensions.Policy(
                CounterStoreExtensions.Limit(algorithm, 3, 10, Limit.IsBucket(algorithm) ? 3 : null)
            );
            await Counters.TakeAsync(subject, policy, 3, ahead);

            var look = await Counters.LookAsync(subject, policy, 0);
            var taken = await Counters.TakeAsync(subject, policy, 2);
            var given = await Counters.GiveAsync(subject, policy, 1);
            var denied = await Counters.TakeAsync(subject, policy, 3);

            using (Assert.EnterMultipleScope())
            {
                Assert.That((look.Used, look.Remaining), Is.EqualTo((0, 3)), $"{algorithm}");
                Assert.That(
                    (taken.Allowed, taken.Remaining),
                    Is.EqualTo((true, 1)),
                    $"{algorithm}"
                );
                Assert.That(given.Remaining, Is.EqualTo(2), $"{algorithm}");
                Assert.That(
                    denied.RetryAfter,
                    Is.GreaterThan(TimeSpan.Zero).And.AtMost(2 * policy.Limits[0].LongestWindow),
                    $"{algorithm}"
                );
            }
        }
    }

    [Test]
    public async Task Take_KeyOfAWrongTypeUnderOurName_IsUnavailableWithALogLineAndTakesNothing()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 60, name: "whole"),
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 10, 60, name: "broken")
        );
        var broken = CounterStoreExtensions.NewSubject();
        var whole = CounterStoreExtensions.NewSubject();
        var key = CounterStoreExtensions.KeyOf(broken, policy.Limits[1]);
        await OnDatabaseAsync(database => database.HashSetAsync(key, "a", "b"));
        await OnDatabaseAsync(database => database.KeyExpireAsync(key, TimeSpan.FromHours(1)));

        Assert.That(
            async () => await Counters.TakeAsync(broken, policy, 1),
            Throws.TypeOf<StoreUnavailableException>()
        );
        var decisions = await Counters.AcquireEachAsync(
            [
                new CheckPlan(whole, policy, 1),
                new CheckPlan(broken, policy, 1),
                new CheckPlan(whole, policy, 1),
            ],
            CancellationToken.None
        );

        Assert.That(
            decisions.Select(decision => decision?.Remaining),
            Is.EqualTo(new long?[] { 9, null, 8 })
        );
        Assert.That(
            await OnDatabaseAsync(database =>
                database.KeyExistsAsync(CounterStoreExtensions.KeyOf(broken, policy.Limits[0]))
            ),
            Is.False
        );
        for (var i = 0; i < 30; i++)
        {
            Assert.ThrowsAsync<StoreUnavailableException>(async () =>
                await Counters.TakeAsync(broken, policy, 1)
            );
        }

        var logged = Store
            .Log.Collector.Messages()
            .Where(line => line.Contains(broken.Client.Value, StringComparison.Ordinal));
        Assert.That(logged.Count(), Is.InRange(1, 10), "Not for each check.");
        Assert.That(logged, Has.All.Contains("WRONGTYPE"));
    }

    [Test]
    public async Task Take_ScriptsFlushedUnderLoad_NeverFails()
    {
        var policy = CounterStoreExtensions.Policy(
            CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1_000_000, 3600)
        );
        var subject = CounterStoreExtensions.NewSubject();
        using var done = new CancellationTokenSource();
        var flushing = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await OnDatabaseAsync(database => database.ExecuteAsync("SCRIPT", "FLUSH"));
            }

            await done.CancelAsync();
        });

        var taken = 0L;
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        do
                        {
                            await Counters.TakeAsync(subject, policy, 1);
                            Interlocked.Increment(ref taken);
                        } while (!done.IsCancellationRequested);
                    })
                )
        );
        await flushing;

        Assert.That((await Counters.LookAsync(subject, policy, 0)).Used, Is.EqualTo(taken));
    }

    [Test]
    public async Task Take_LargestNumbers_StayExact(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        // The largest limits that a policy may have with a window of one day.
        var permits = algorithm switch
        {
            Algorithm.FixedWindow or Algorithm.Calendar => Limit.MaxPermits,
            Algorithm.SlidingLog => Limit.MaxLoggedPermits,
            _ => (1L << 53) / 86_400_000,
        };
        var limit = CounterStoreExtensions.Limit(
            algorithm,
            permits,
            86_400,
            Limit.IsBucket(algorithm) ? permits : null
        );
        Assert.That(limit is not RateLimit { IsExact: false });
        var policy = CounterStoreExtensions.Policy(limit);
        var subject = CounterStoreExtensions.NewSubject();

        var first = await Counters.TakeAsync(
            subject,
            policy,
            permits - 1,
            CounterStoreExtensions.Start
        );
        var second = await Counters.TakeAsync(subject, policy, 1, CounterStoreExtensions.Start);
        var third = await Counters.TakeAsync(subject, policy, 1, CounterStoreExtensions.Start);

        Assert.That((first.Remaining, second.Remaining, third.Remaining), Is.EqualTo((1, 0, 0)));
        Assert.That(
            (first.Allowed, second.Allowed, third.Allowed),
            Is.EqualTo((true, true, false))
        );
    }

    private Task<T> OnDatabaseAsync<T>(Func<IDatabase, Task<T>> ask) =>
        Store.Connection.AskAsync("any", ask, TimeSpan.FromSeconds(10), CancellationToken.None);

    private Task<bool> ExistsAsync(Subject subject, Policy policy) =>
        OnDatabaseAsync(database =>
            database.KeyExistsAsync(CounterStoreExtensions.KeyOf(subject, policy.Limits[0]))
        );
}
