using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis;
using StackExchange.Redis;

namespace RateLimiter.IntegrationTests.Redis;

public sealed class AnalyticsTests(StoreKind kind) : StoreTests(kind)
{
    private static readonly PolicyKey Search = new("search", "free");

    /// <summary>Half past an hour of today, so that what is kept is kept, whenever the tests run.</summary>
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
                        new PolicyKey($"route{j % 7}", "free"),
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

        var summary = await analytics[0]
            .SummarizeAsync(client, LastDay, CancellationToken.None);
        var hours = await analytics[0]
            .ListBucketsAsync(client, LastDay, BucketSize.Hour, null, null, CancellationToken.None);
        Assert.That(summary.Tally, Is.EqualTo(new Tally(20_000, 13_320, 6_680, 0, 0)));
        Assert.That(hours.Sum(bucket => bucket.Tally.Checks), Is.EqualTo(20_000));
        analytics.ForEach(it => it.Dispose());
    }

    private static LoggedDecision Logged(
        string user,
        bool allowed = true,
        bool shadowDenied = false,
        bool degraded = false,
        string route = "search",
        DateTimeOffset? at = null
    ) =>
        new(
            at ?? Now,
            user,
            route,
            "default",
            "free",
            allowed,
            shadowDenied,
            degraded,
            Reason: null,
            Cost: 1,
            Remaining: 1,
            Limit: 10
        );

    private RedisAnalytics New(AnalyticsOptions? options = null, TimeProvider? time = null) =>
        new(
            Store.Connection,
            Options.Create(options ?? new AnalyticsOptions()),
            time ?? TimeProvider.System,
            NullLogger<RedisAnalytics>.Instance
        );
}
