using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;
using static RateLimiter.Infrastructure.Redis.Analytics.BucketRange;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>The parts of writes that add to the counts of buckets: of series, and of decision times.</summary>
internal sealed class CountParts(AnalyticsRetention retention)
{
    private const string Kind = "counts";

    private static readonly string[] HourFields =
    [
        .. Enumerable.Range(0, HoursPerDay).Select(hour => $"{hour}"),
    ];

    public IEnumerable<AnalyticsPart> OfSeries(
        ClientId client,
        IReadOnlyList<KeyValuePair<SeriesKey, Tally>> counts
    )
    {
        var minutes = counts
            .GroupBy(count => count.Key.Minute / MinutesPerHour)
            .SelectMany(hour =>
                Of(
                    RedisKeys.AnalyticsMinutes(client, hour.Key),
                    retention.EndOfMinutes(hour.Key),
                    hour,
                    series => series.Minute % MinutesPerHour
                )
            );
        var hours = counts
            .GroupBy(count => count.Key.Minute / MinutesPerHour / HoursPerDay)
            .SelectMany(day =>
                Of(
                    RedisKeys.AnalyticsHours(client, day.Key),
                    retention.EndOfHours(day.Key),
                    day,
                    series => series.Minute / MinutesPerHour % HoursPerDay
                )
            );
        return minutes.Concat(hours);
    }

    public IEnumerable<AnalyticsPart> OfTimes(
        ClientId client,
        IEnumerable<KeyValuePair<TimeKey, long>> counts
    )
    {
        foreach (var hour in counts.GroupBy(count => count.Key.Hour))
        {
            var buckets = hour.ToList();
            var day = hour.Key / HoursPerDay;
            yield return new AnalyticsPart(
                RedisKeys.AnalyticsTimes(client, day),
                Kind,
                retention.EndOfHours(day),
                [
                    1,
                    HourFields[hour.Key % HoursPerDay],
                    "",
                    buckets.Count,
                    .. buckets.SelectMany(count =>
                        new RedisValue[] { count.Key.Bucket, count.Value }
                    ),
                ],
                buckets.Count
            );
        }
    }

    private static IEnumerable<AnalyticsPart> Of(
        RedisKey key,
        DateTimeOffset until,
        IEnumerable<KeyValuePair<SeriesKey, Tally>> counts,
        Func<SeriesKey, long> bucketOf
    )
    {
        var fields = counts.GroupBy(count =>
            (count.Key.RouteKey, count.Key.Role, count.Key.IsCatchAll)
        );
        foreach (var some in fields.Chunk(AnalyticsWrites.MaxItems / MinutesPerHour))
        {
            var values = new List<RedisValue> { some.Length };
            var items = 0;
            foreach (var field in some)
            {
                var (route, role, isCatchAll) = field.Key;
                values.Add(AnalyticsField.Of(route, role, isCatchAll));
                values.Add(
                    isCatchAll
                        ? AnalyticsField.Of(SeriesKey.Other, role, isCatchAll)
                        : AnalyticsField.Other
                );
                var buckets = field.GroupBy(count => bucketOf(count.Key), count => count.Value);
                var count = values.Count;
                foreach (var bucket in buckets)
                {
                    values.Add(bucket.Key);
                    values.Add(TallyText.Write(bucket.Aggregate((left, right) => left + right)));
                    items++;
                }

                values.Insert(count, (values.Count - count) / 2);
            }

            yield return new AnalyticsPart(key, Kind, until, values, items);
        }
    }
}
