using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>Adds up the counts in the store.</summary>
internal sealed class AnalyticsReader(AnalyticsHashes hashes, AnalyticsRetention retention)
{
    public async Task<AnalyticsSummary> SummarizeAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        var whole = span.RoundTo(retention.FinestFor(span));
        var series = hashes.ReadSeriesAsync(client, SeriesOf(client, whole), cancellationToken);
        var hours = retention.Restrict(BucketRange.Of(span, BucketSize.Hour), BucketSize.Hour);
        var reading = hashes.ReadTimesAsync(
            client,
            KeyedBuckets.Of(
                hours,
                BucketRange.HoursPerDay,
                day => RedisKeys.AnalyticsTimes(client, day)
            ),
            cancellationToken
        );
        var (before, days, after) = hours.SplitBy(BucketRange.HoursPerDay);
        var users = hashes.CountUsersAsync(
            client,
            days,
            before.ToNumbers().Concat(after.ToNumbers()),
            cancellationToken
        );
        await Task.WhenAll(series, reading, users);
        var times = await reading;
        return new AnalyticsSummary(
            (await series).Aggregate(default(Tally), (tally, count) => tally + count.Tally),
            await users,
            DecisionTimes.Percentile(times, 50),
            DecisionTimes.Percentile(times, 99),
            whole
        );
    }

    public async Task<IReadOnlyList<AnalyticsBucket>> ListBucketsAsync(
        ClientId client,
        AnalyticsSpan span,
        BucketSize bucket,
        string? routeKey,
        string? role,
        CancellationToken cancellationToken
    )
    {
        var range = BucketRange.Of(span, bucket);
        var tallies = new Tally[range.To - range.From];
        var series = await hashes.ReadSeriesAsync(
            client,
            SeriesOf(client, range, bucket),
            cancellationToken
        );
        foreach (var (asked, at, tally) in series)
        {
            if (
                (routeKey is null || asked?.Asked.RouteKey == routeKey)
                && (role is null || asked?.Asked.Role == role)
            )
            {
                tallies[at - range.From] += tally;
            }
        }

        return
        [
            .. tallies.Select(
                (tally, i) =>
                    new AnalyticsBucket(
                        DateTimeOffset.UnixEpoch + (range.From + i) * bucket.Length(),
                        tally
                    )
            ),
        ];
    }

    public async Task<TopEntries> ListTopAsync(
        ClientId client,
        AnalyticsSpan span,
        TopDimension by,
        string? subject,
        TopMetric measure,
        int count,
        CancellationToken cancellationToken
    )
    {
        var hours = BucketRange.Of(span, BucketSize.Hour);
        var total = 0L;
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, tally) in await ReadAsync())
        {
            var counted = measure == TopMetric.Checks ? tally.Checks : tally.Denied;
            total += counted;
            if (name is not (null or SeriesKey.Other))
            {
                sums[name] = sums.GetValueOrDefault(name) + counted;
            }
        }

        IReadOnlyList<TopEntry> entries =
        [
            .. sums.Where(sum => sum.Value > 0)
                .OrderByDescending(sum => sum.Value)
                .ThenBy(sum => sum.Key, StringComparer.Ordinal)
                .Take(count)
                .Select(sum => new TopEntry(sum.Key, sum.Value)),
        ];
        return new TopEntries(
            entries,
            by == TopDimension.User ? null : total - entries.Sum(entry => entry.Count)
        );

        async Task<IEnumerable<(string? Name, Tally Tally)>> ReadAsync() =>
            by switch
            {
                TopDimension.Route => (
                    await hashes.ReadSeriesAsync(
                        client,
                        SeriesOf(client, hours, BucketSize.Hour),
                        cancellationToken
                    )
                ).Select(series => (series.Asked?.Asked.RouteKey, series.Tally)),
                _ => await hashes.ReadNamesAsync(
                    client,
                    retention
                        .RestrictUsers(hours)
                        .ToNumbers()
                        .Select(hour =>
                            by == TopDimension.User
                                ? RedisKeys.AnalyticsUsers(client, hour)
                                : RedisKeys.AnalyticsSubjects(client, subject!, hour)
                        ),
                    cancellationToken
                ),
            };
    }

    public async Task<IReadOnlyDictionary<PolicyKey, Tally>> TallyPoliciesAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        var tallies = new Dictionary<PolicyKey, Tally>();
        var series = await hashes.ReadSeriesAsync(
            client,
            SeriesOf(client, span.RoundTo(retention.FinestFor(span))),
            cancellationToken
        );
        foreach (var (asked, _, tally) in series)
        {
            if (asked is { } known)
            {
                var policy = known.IsCatchAll
                    ? known.Asked with
                    {
                        RouteKey = PolicyKey.CatchAllRoute,
                    }
                    : known.Asked;
                tallies[policy] = tallies.GetValueOrDefault(policy) + tally;
            }
        }

        return tallies;
    }

    /// <summary>Whole hours by the hour, the rest before and after them by the minute.</summary>
    private IEnumerable<KeyedBuckets> SeriesOf(ClientId client, AnalyticsSpan span)
    {
        var (before, hours, after) = BucketRange
            .Of(span, BucketSize.Minute)
            .SplitBy(BucketRange.MinutesPerHour);
        return SeriesOf(client, hours, BucketSize.Hour)
            .Concat(SeriesOf(client, before, BucketSize.Minute))
            .Concat(SeriesOf(client, after, BucketSize.Minute));
    }

    private IEnumerable<KeyedBuckets> SeriesOf(
        ClientId client,
        BucketRange range,
        BucketSize bucket
    )
    {
        var kept = retention.Restrict(range, bucket);
        return bucket == BucketSize.Minute
            ? KeyedBuckets.Of(
                kept,
                BucketRange.MinutesPerHour,
                hour => RedisKeys.AnalyticsMinutes(client, hour)
            )
            : KeyedBuckets.Of(
                kept,
                BucketRange.HoursPerDay,
                day => RedisKeys.AnalyticsHours(client, day)
            );
    }
}
