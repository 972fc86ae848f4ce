using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Analytics;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.IntegrationTests.Redis.Connection;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis.Analytics;

public sealed class AnalyticsTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly Policy Search = AnalyticsPolicies.Of("search");

    /// <summary>Half past an hour of today, so that nothing expires, whenever the tests run.</summary>
    private static readonly DateTimeOffset Now = new AnalyticsSpan(
        TimeProvider.System.GetUtcNow(),
        TimeProvider.System.GetUtcNow()
    )
        .RoundTo(BucketSize.Hour)
        .From.AddMinutes(30.5);

    private static readonly AnalyticsSpan LastDay = new(Now.AddDays(-1), Now.AddMinutes(1));

    [Test]
    public async Task Summarize_DecisionsOfAllKinds_AddsThemUp()
    {
        using var analytics = New();
        var client = await Store.RegisterAsync();
        analytics.Record(client, Search, Logged("alice"), TimeSpan.FromMilliseconds(1));
        analytics.Record(
            client,
            Search,
            Logged("alice", allowed: false),
            TimeSpan.FromMilliseconds(1)
        );
        analytics.Record(
            client,
            Search,
            Logged("bob", shadowDenied: true),
            TimeSpan.FromMilliseconds(1)
        );
        analytics.Record(
            client,
            Search,
            Logged("carol", allowed: false, degraded: true),
            TimeSpan.FromMilliseconds(100)
        );

        var summary = await analytics.SummarizeAsync(client, LastDay, CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(summary.Tally, Is.EqualTo(new Tally(4, 2, 2, 1, 1)));
            Assert.That(summary.DistinctUsers, Is.EqualTo(3));
            Assert.That(
                summary.MedianTime!.Value.TotalMilliseconds,
                Is.EqualTo(1).Within(7).Percent
            );
            Assert.That(
                summary.Percentile99Time!.Value.TotalMilliseconds,
                Is.EqualTo(100).Within(7).Percent
            );
            Assert.That(summary.Span, Is.EqualTo(LastDay.RoundTo(BucketSize.Minute)));
        }
    }

    [Test]
    public async Task Record_ManyInstancesAtOnce_SumsAreExact()
    {
        var analytics = Enumerable.Range(0, 4).Select(_ => New()).ToList();
        var client = await Store.RegisterAsync();

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 40),
            async (i, cancellationToken) =>
            {
                var instance = analytics[i % analytics.Count];
                for (var j = 0; j < 500; j++)
                {
                    instance.Record(
                        client,
                        AnalyticsPolicies.Of($"route{j % 7}"),
                        Logged($"user{j % 50}", j % 3 != 0, at: Now.AddMinutes(-j)),
                        TimeSpan.FromMilliseconds(1)
                    );
                    if (j % 100 == 0)
                    {
                        await instance.SummarizeAsync(client, LastDay, cancellationToken);
                    }
                }
            }
        );
        foreach (var instance in analytics)
        {
            await instance.StopAsync(CancellationToken.None);
        }

        var summary = await analytics[0].SummarizeAsync(client, LastDay, CancellationToken.None);
        var hours = await analytics[0]
            .ListBucketsAsync(client, LastDay, BucketSize.Hour, null, null, CancellationToken.None);
        Assert.That(summary.Tally, Is.EqualTo(new Tally(20_000, 13_320, 6_680, 0, 0)));
        Assert.That(hours.Sum(bucket => bucket.Tally.Checks), Is.EqualTo(20_000));
        analytics.ForEach(it => it.Dispose());
    }

    [Test]
    public async Task ListBuckets_WithFilters_GivesThoseThatFit()
    {
        using var analytics = New();
        var client = await Store.RegisterAsync();
        var rest = AnalyticsPolicies.Of(PolicyKey.CatchAllRoute, "pro");
        analytics.Record(client, Search, Logged("alice", at: Now.AddMinutes(-2)), default);
        analytics.Record(client, Search, Logged("alice"), default);
        analytics.Record(client, rest, Logged("alice", route: "search"), default);
        analytics.Record(client, rest, Logged("alice", route: "other", allowed: false), default);
        var span = new AnalyticsSpan(Now.AddMinutes(-3), Now);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await ChecksAsync(null, null), Is.EqualTo([0, 1, 0, 3]));
            Assert.That(await ChecksAsync("search", null), Is.EqualTo([0, 1, 0, 2]));
            Assert.That(await ChecksAsync(null, "pro"), Is.EqualTo([0, 0, 0, 2]));
            Assert.That(await ChecksAsync("search", "pro"), Is.EqualTo([0, 0, 0, 1]));
            Assert.That(await ChecksAsync("*", null), Is.EqualTo([0, 0, 0, 0]));
            Assert.That(
                await analytics.TallyPoliciesAsync(client, span, CancellationToken.None),
                Is.EquivalentTo(
                    new Dictionary<PolicyKey, Tally>
                    {
                        [Search.Key] = new(2, 2, 0, 0, 0),
                        [rest.Key] = new(2, 1, 1, 0, 0),
                    }
                )
            );
        }

        async Task<IEnumerable<long>> ChecksAsync(string? route, string? role) =>
            (
                await analytics.ListBucketsAsync(
                    client,
                    span,
                    BucketSize.Minute,
                    route,
                    role,
                    CancellationToken.None
                )
            ).Select(bucket => bucket.Tally.Checks);
    }

    [Test]
    public async Task ListTop_UsersAndRoutes_GivesTheMostFirst()
    {
        using var analytics = New();
        var client = await Store.RegisterAsync();
        for (var i = 0; i < 30; i++)
        {
            analytics.Record(
                client,
                AnalyticsPolicies.Of($"route{i % 3}"),
                Logged(i < 20 ? "alice" : "bob", i >= 5, route: $"route{i % 3}"),
                default
            );
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                await TopAsync(TopDimension.User, TopMetric.Checks, 10),
                Is.EqualTo([new TopEntry("alice", 20), new TopEntry("bob", 10)])
            );
            Assert.That(
                await TopAsync(TopDimension.User, TopMetric.Denied, 10),
                Is.EqualTo([new TopEntry("alice", 5)])
            );
            Assert.That(
                await TopAsync(TopDimension.Route, TopMetric.Checks, 2),
                Is.EqualTo([new TopEntry("route0", 10), new TopEntry("route1", 10)])
            );
            Assert.That(
                await TopAsync(TopDimension.Route, TopMetric.Denied, 10),
                Is.EqualTo([
                    new TopEntry("route0", 2),
                    new TopEntry("route1", 2),
                    new TopEntry("route2", 1),
                ])
            );
        }

        async Task<IReadOnlyList<TopEntry>> TopAsync(TopDimension by, TopMetric of, int count)
        {
            var (entries, other) = await analytics.ListTopAsync(
                client,
                LastDay,
                by,
                null,
                of,
                count,
                CancellationToken.None
            );
            var total = of == TopMetric.Checks ? 30 : 5;
            Assert.That(
                other,
                Is.EqualTo(by == TopDimension.User ? null : total - entries.Sum(it => it.Count))
            );
            return entries;
        }
    }

    [Test]
    public async Task ListTop_Subjects_GivesThoseThatALimitHas()
    {
        using var analytics = New();
        var client = await Store.RegisterAsync();
        var policy = AnalyticsPolicies.Of("search", "free", "org", "model", "user_id");
        foreach (var (organisation, hoursAgo) in new[] { ("acme", 0), ("b", 1), ("acme", 2) })
        {
            analytics.Record(
                client,
                policy,
                LoggedOf(organisation, allowed: hoursAgo > 0) with
                {
                    DecidedAt = Now.AddHours(-hoursAgo),
                },
                default
            );
        }

        analytics.Record(client, policy, Logged("alice"), default);
        analytics.Record(client, Search, LoggedOf("acme"), default);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await TopAsync("org", TopMetric.Checks), Is.EqualTo("acme 2, b 1, 0"));
            Assert.That(await TopAsync("org", TopMetric.Denied), Is.EqualTo("acme 1, 0"));
            Assert.That(await TopAsync("org", TopMetric.Checks, 1), Is.EqualTo("acme 2, 1"));
            Assert.That(await TopAsync("model", TopMetric.Checks), Is.EqualTo("gpt 3, 0"));
            Assert.That(await TopAsync("other", TopMetric.Checks), Is.EqualTo("0"));
        }

        async Task<string> TopAsync(string subject, TopMetric of, int count = 10)
        {
            var (entries, other) = await analytics.ListTopAsync(
                client,
                LastDay,
                TopDimension.Subject,
                subject,
                of,
                count,
                CancellationToken.None
            );
            return string.Join(
                ", ",
                entries.Select(it => $"{it.Name} {it.Count}").Append($"{other}")
            );
        }
    }

    [Test]
    public async Task Record_MoreSubjectsThanAreKept_SumsAreExactAndTheMostStay()
    {
        var instances = Enumerable.Range(0, 3).Select(_ => New()).ToList();
        var client = await Store.RegisterAsync();
        var policy = AnalyticsPolicies.Of("search", "free", "org");
        await Parallel.ForEachAsync(
            instances.Index(),
            async (instance, cancellationToken) =>
            {
                for (var round = 0; round < 2; round++)
                {
                    for (var i = 0; i < 500; i++)
                    {
                        var name = $"{instance.Index}-{round}-{i}";
                        instance.Item.Record(client, policy, LoggedOf(name, i % 5 > 0), default);
                        instance.Item.Record(client, policy, LoggedOf($"often{i % 20}"), default);
                    }

                    await instance.Item.SummarizeAsync(client, LastDay, cancellationToken);
                }
            }
        );

        var checks = await TopAsync(TopMetric.Checks);
        var denied = await TopAsync(TopMetric.Denied);
        var database = (await Store.Connection.Connected).GetDatabase();
        var key = RedisKeys.AnalyticsSubjects(client, "org", Now.ToUnixTimeSeconds() / 3600);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                checks.Entries.Take(20),
                Is.EquivalentTo(Enumerable.Range(0, 20).Select(i => new TopEntry($"often{i}", 150)))
            );
            Assert.That(checks.Entries.Sum(it => it.Count) + checks.Other, Is.EqualTo(6000));
            Assert.That(denied.Entries.Sum(it => it.Count) + denied.Other, Is.EqualTo(600));
            Assert.That(
                await database.HashLengthAsync(key),
                Is.LessThanOrEqualTo(AnalyticsWriter.MaxNames + 1)
            );
            Assert.That(await database.KeyTimeToLiveAsync(key), Is.Not.Null);
        }

        instances.ForEach(it => it.Dispose());

        Task<TopEntries> TopAsync(TopMetric of) =>
            instances[0]
                .ListTopAsync(
                    client,
                    LastDay,
                    TopDimension.Subject,
                    "org",
                    of,
                    100,
                    CancellationToken.None
                );
    }

    [Test]
    public async Task Add_WriteThatIsRepeated_CountsOnce()
    {
        var client = await Store.RegisterAsync();
        var script = RedisScript.Load("add_analytics");
        var hour = Now.ToUnixTimeSeconds() / 3600;
        foreach (var number in new[] { 1, 1, 2, 1, 2, 3 })
        {
            await Store.Connection.WriteAsync(
                RedisKeys.Client(client),
                database =>
                    script.EvaluateAsync(
                        database,
                        [
                            RedisKeys.Client(client),
                            RedisKeys.AnalyticsWritten(client, "instance"),
                            RedisKeys.AnalyticsMinutes(client, hour),
                            RedisKeys.AnalyticsUsers(client, hour),
                        ],
                        [
                            200,
                            300,
                            60_000,
                            number,
                            2,
                            14,
                            "counts",
                            Now.AddDays(1).ToUnixTimeMilliseconds(),
                            1,
                            AnalyticsField.Of("search", "free", isCatchAll: false),
                            AnalyticsField.Other,
                            1,
                            7,
                            "5,1",
                            "users",
                            Now.AddDays(1).ToUnixTimeMilliseconds(),
                            1,
                            "alice",
                            5,
                            1,
                        ]
                    ),
                CancellationToken.None
            );
        }

        var database = (await Store.Connection.Connected).GetDatabase();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                (string?)
                    await database.HashGetAsync(
                        RedisKeys.AnalyticsMinutes(client, hour),
                        AnalyticsField.Of("search", "free", isCatchAll: false)
                    ),
                Is.EqualTo(" 7:15,3")
            );
            Assert.That(
                (string?)
                    await database.HashGetAsync(RedisKeys.AnalyticsUsers(client, hour), "alice"),
                Is.EqualTo("15,3")
            );
        }
    }

    [Test]
    public async Task Record_MoreRoutesAndUsersThanAreKept_SumsAreExactAndTheMostStay()
    {
        using var analytics = New();
        var client = await Store.RegisterAsync();
        var rest = AnalyticsPolicies.Of(PolicyKey.CatchAllRoute);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 500; i++)
            {
                var name = $"{round}-{i}";
                analytics.Record(client, rest, Logged(name, route: name), default);
                analytics.Record(client, Search, Logged($"often{i % 20}"), default);
            }

            await analytics.SummarizeAsync(client, LastDay, CancellationToken.None);
        }

        var summary = await analytics.SummarizeAsync(client, LastDay, CancellationToken.None);
        var policies = await analytics.TallyPoliciesAsync(client, LastDay, CancellationToken.None);
        var users = await analytics.ListTopAsync(
            client,
            LastDay,
            TopDimension.User,
            null,
            TopMetric.Checks,
            20,
            CancellationToken.None
        );
        var database = (await Store.Connection.Connected).GetDatabase();
        var hour = Now.ToUnixTimeSeconds() / 3600;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(summary.Tally, Is.EqualTo(new Tally(3000, 3000, 0, 0, 0)));
            Assert.That(summary.DistinctUsers, Is.EqualTo(1520).Within(4).Percent);
            Assert.That(policies.Values.Sum(tally => tally.Checks), Is.EqualTo(3000));
            Assert.That(policies[rest.Key].Checks, Is.EqualTo(1500));
            Assert.That(
                users.Entries,
                Is.EquivalentTo(Enumerable.Range(0, 20).Select(i => new TopEntry($"often{i}", 75)))
            );
            Assert.That(
                await database.HashLengthAsync(RedisKeys.AnalyticsMinutes(client, hour)),
                Is.LessThanOrEqualTo(AnalyticsWriter.MaxSeries * 5 / 4 + 1)
            );
            Assert.That(
                await database.HashLengthAsync(RedisKeys.AnalyticsUsers(client, hour)),
                Is.LessThanOrEqualTo(AnalyticsWriter.MaxNames)
            );
        }
    }

    [Test]
    public async Task Record_Any_LeavesNoKeyForEverAndNoneLongerThanItIsKept()
    {
        var options = new AnalyticsOptions
        {
            MinuteRetentionHours = 3,
            HourRetentionDays = 9,
            UserRetentionDays = 2,
        };
        using var analytics = New(options);
        var client = await Store.RegisterAsync();
        analytics.Record(client, Search, Logged("now"), default);
        analytics.Record(client, Search, Logged("a day ago", at: Now.AddDays(-1)), default);
        analytics.Record(client, Search, Logged("five days ago", at: Now.AddDays(-5)), default);
        analytics.Record(client, Search, Logged("ten days ago", at: Now.AddDays(-11)), default);

        var summary = await analytics.SummarizeAsync(
            client,
            new AnalyticsSpan(Now.AddDays(-30), Now.AddMinutes(1)),
            CancellationToken.None
        );

        var kept = await KeysAsync(client);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(summary.Tally.Checks, Is.EqualTo(3));
            Assert.That(summary.DistinctUsers, Is.EqualTo(3));
            Assert.That(
                summary.Span.From,
                Is.EqualTo(new AnalyticsSpan(Now.AddDays(-30), Now).RoundTo(BucketSize.Hour).From)
            );
            // The number of the last write, and the keys that are retained for now, a day ago and five days ago.
            Assert.That(kept, Has.Count.EqualTo(1 + 6 + 5 + 3));
            Assert.That(kept.Values, Is.All.Not.Null);
            foreach (var (key, left) in kept)
            {
                Assert.That(left, Is.LessThanOrEqualTo(TimeSpan.FromDays(10)), key);
                if (key.Contains(":minutes:", StringComparison.Ordinal))
                {
                    Assert.That(left, Is.LessThanOrEqualTo(TimeSpan.FromHours(4.5)), key);
                }
            }
        }
    }

    [Test]
    public async Task Delete_ClientWithCounts_LeavesNoneAndNoneComesBack()
    {
        using var analytics = New();
        var deletions = new RedisDeletionRepository(Store.Connection);
        var client = await Store.RegisterAsync();
        analytics.Record(client, Search, Logged("alice"), default);
        await analytics.SummarizeAsync(client, LastDay, CancellationToken.None);
        Assert.That(await KeysAsync(client), Is.Not.Empty);

        await deletions.DeleteRegistryAsync(client, CancellationToken.None);
        analytics.Record(client, Search, Logged("bob"), default);
        await analytics.SummarizeAsync(client, LastDay, CancellationToken.None);
        var counters = 0;
        await foreach (var count in deletions.DeleteCountersAsync(client, CancellationToken.None))
        {
            counters += count;
        }

        analytics.Record(client, Search, Logged("carol"), default);
        var summary = await analytics.SummarizeAsync(client, LastDay, CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await KeysAsync(client), Is.Empty);
            Assert.That(summary.Tally, Is.EqualTo(default(Tally)));
            Assert.That(counters, Is.Zero);
        }
    }

    [Test]
    public async Task Stop_CountsWait_AreWritten()
    {
        using var analytics = New();
        using var other = New();
        var client = await Store.RegisterAsync();
        await analytics.StartAsync(CancellationToken.None);

        analytics.Record(client, Search, Logged("alice"), default);
        await analytics.StopAsync(CancellationToken.None);

        var summary = await other.SummarizeAsync(client, LastDay, CancellationToken.None);
        Assert.That(summary.Tally.Checks, Is.EqualTo(1));
    }

    [Test]
    public async Task Record_OnAnotherInstance_IsThereAfterASecond()
    {
        var time = new FakeTimeProvider(Now);
        using var analytics = New(time: time);
        using var other = New();
        var client = await Store.RegisterAsync();
        await analytics.StartAsync(CancellationToken.None);
        analytics.Record(client, Search, Logged("alice"), default);
        Assert.That(await ChecksAsync(), Is.Zero);

        await Poll.UntilAsync(
            "The check is not counted.",
            TimeSpan.FromSeconds(10),
            async () =>
            {
                time.Advance(RedisAnalytics.WriteInterval);
                return await ChecksAsync() == 1;
            }
        );
        await analytics.StopAsync(CancellationToken.None);

        async Task<long> ChecksAsync() =>
            (await other.SummarizeAsync(client, LastDay, CancellationToken.None)).Tally.Checks;
    }

    [Test]
    public async Task Record_SwitchedOff_CountsNothing()
    {
        using var analytics = New(new AnalyticsOptions { Enabled = false });
        var client = await Store.RegisterAsync();

        analytics.Record(client, Search, Logged("alice"), default);

        var summary = await analytics.SummarizeAsync(client, LastDay, CancellationToken.None);
        Assert.That(summary.Tally, Is.EqualTo(default(Tally)));
        Assert.That(summary.MedianTime, Is.Null);
    }

    private async Task<Dictionary<string, TimeSpan?>> KeysAsync(ClientId client)
    {
        var multiplexer = await Store.Connection.Connected;
        var database = multiplexer.GetDatabase();
        var kept = new Dictionary<string, TimeSpan?>();
        await foreach (
            var key in multiplexer
                .GetServers()[0]
                .KeysAsync(pattern: $"{RedisKeys.Analytics(client)}*", pageSize: 1000)
        )
        {
            kept[$"{key}"] = await database.KeyTimeToLiveAsync(key);
        }

        return kept;
    }

    private static LogEntry Logged(
        string user,
        bool allowed = true,
        bool shadowDenied = false,
        bool degraded = false,
        string route = "search",
        DateTimeOffset? at = null
    ) =>
        LogLines.Logged(user) with
        {
            DecidedAt = at ?? Now,
            RouteKey = route,
            MatchedRole = "free",
            Allowed = allowed,
            ShadowDenied = shadowDenied,
            Degraded = degraded,
        };

    private static LogEntry LoggedOf(string organisation, bool allowed = true) =>
        Logged("alice", allowed) with
        {
            Subjects = SubjectValues.Of([new("org", organisation), new("model", "gpt")]),
        };

    private RedisAnalytics New(AnalyticsOptions? options = null, TimeProvider? time = null) =>
        new(
            Store.Connection,
            Options.Create(options ?? new AnalyticsOptions()),
            time ?? TimeProvider.System,
            NullLogger<RedisAnalytics>.Instance
        );
}
