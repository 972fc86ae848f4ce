using System.Globalization;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>Adds up the counts in the store.</summary>
internal sealed class AnalyticsReader(
    RedisConnection connection,
    AnalyticsOptions options,
    TimeProvider time
)
{
    private const int MinutesPerHour = 60;
    private const int HoursPerDay = 24;

    /// <summary>How far ahead the store's clock, by which checks are counted, may be.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(1);

    public async Task<AnalyticsSummary> SummarizeAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        var whole = span.RoundTo(FinestFor(span));
        var tally = default(Tally);
        var counts = ReadCountsAsync(
            client,
            SeriesOf(client, whole),
            (_, _, counted) => tally += counted,
            cancellationToken
        );
        var times = ReadTimesAsync(client, span, cancellationToken);
        var users = CountUsersAsync(client, span, cancellationToken);
        await Task.WhenAll(counts, times, users);
        return new AnalyticsSummary(
            tally,
            await users,
            DecisionTimes.Percentile(await times, 50),
            DecisionTimes.Percentile(await times, 99),
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
        var (from, to) = Buckets(span, bucket);
        var tallies = new Tally[to - from];
        await ReadCountsAsync(
            client,
            bucket == BucketSize.Minute
                ? MinutesOf(client, Kept(from, to, bucket))
                : HoursOf(client, Kept(from, to, bucket)),
            (asked, at, counted) =>
            {
                if (
                    (routeKey is null || asked?.Asked.RouteKey == routeKey)
                    && (role is null || asked?.Asked.Role == role)
                )
                {
                    tallies[at - from] += counted;
                }
            },
            cancellationToken
        );
        return
        [
            .. tallies.Select(
                (tally, i) =>
                    new AnalyticsBucket(
                        DateTimeOffset.UnixEpoch + (from + i) * bucket.Length(),
                        tally
                    )
            ),
        ];
    }

    public async Task<IReadOnlyList<TopEntry>> ListTopAsync(
        ClientId client,
        AnalyticsSpan span,
        TopDimension by,
        TopMetric measure,
        int count,
        CancellationToken cancellationToken
    )
    {
        var (from, to) = Buckets(span, BucketSize.Hour);
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        if (by == TopDimension.User)
        {
            var hours = await ReadHashesAsync(
                client,
                [.. Each(Kept(from, to, options.UserRetention)).Select(UsersOf)],
                cancellationToken
            );
            foreach (var user in hours.SelectMany(hour => hour))
            {
                Count(user.Name!, ReadTally(user.Value!));
            }
        }
        else
        {
            await ReadCountsAsync(
                client,
                HoursOf(client, Kept(from, to, BucketSize.Hour)),
                (asked, _, counted) =>
                {
                    if (asked is { Asked.RouteKey: not SeriesKey.Other } known)
                    {
                        Count(known.Asked.RouteKey, counted);
                    }
                },
                cancellationToken
            );
        }

        return
        [
            .. sums.Where(sum => sum.Value > 0)
                .OrderByDescending(sum => sum.Value)
                .ThenBy(sum => sum.Key, StringComparer.Ordinal)
                .Take(count)
                .Select(sum => new TopEntry(sum.Key, sum.Value)),
        ];

        RedisKey UsersOf(long hour) => RedisKeys.AnalyticsUsers(client, hour);

        void Count(string name, Tally tally) =>
            sums[name] =
                sums.GetValueOrDefault(name)
                + (measure == TopMetric.Checks ? tally.Checks : tally.Denied);
    }

    public async Task<IReadOnlyDictionary<PolicyKey, Tally>> TallyPoliciesAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        var tallies = new Dictionary<PolicyKey, Tally>();
        await ReadCountsAsync(
            client,
            SeriesOf(client, span.RoundTo(FinestFor(span))),
            (asked, _, counted) =>
            {
                if (asked is { } known)
                {
                    var policy = known.IsCatchAll
                        ? known.Asked with
                        {
                            RouteKey = PolicyKey.CatchAllRoute,
                        }
                        : known.Asked;
                    tallies[policy] = tallies.GetValueOrDefault(policy) + counted;
                }
            },
            cancellationToken
        );
        return tallies;
    }

    /// <summary>The finest buckets that are retained for the whole of a span.</summary>
    private BucketSize FinestFor(AnalyticsSpan span) =>
        span.From >= time.GetUtcNow() - options.MinuteRetention
            ? BucketSize.Minute
            : BucketSize.Hour;

    /// <summary>Whole hours by the hour, the rest before and after them by the minute.</summary>
    private IEnumerable<Piece> SeriesOf(ClientId client, AnalyticsSpan span)
    {
        var (from, to) = Buckets(span, BucketSize.Minute);
        var (first, last) = ((from + MinutesPerHour - 1) / MinutesPerHour, to / MinutesPerHour);
        return first < last
            ? HoursOf(client, Kept(first, last, BucketSize.Hour))
                .Concat(MinutesOf(client, Kept(from, first * MinutesPerHour, BucketSize.Minute)))
                .Concat(MinutesOf(client, Kept(last * MinutesPerHour, to, BucketSize.Minute)))
            : MinutesOf(client, Kept(from, to, BucketSize.Minute));
    }

    private static IEnumerable<Piece> MinutesOf(ClientId client, (long From, long To) minutes) =>
        PiecesOf(minutes, MinutesPerHour, hour => RedisKeys.AnalyticsMinutes(client, hour));

    private static IEnumerable<Piece> HoursOf(ClientId client, (long From, long To) hours) =>
        PiecesOf(hours, HoursPerDay, day => RedisKeys.AnalyticsHours(client, day));

    private static IEnumerable<Piece> PiecesOf(
        (long From, long To) buckets,
        int bucketsPerKey,
        Func<long, RedisKey> keyOf
    )
    {
        for (var at = buckets.From / bucketsPerKey; at * bucketsPerKey < buckets.To; at++)
        {
            yield return new Piece(
                keyOf(at),
                at * bucketsPerKey,
                Math.Max(buckets.From, at * bucketsPerKey),
                Math.Min(buckets.To, (at + 1) * bucketsPerKey)
            );
        }
    }

    private async Task ReadCountsAsync(
        ClientId client,
        IEnumerable<Piece> pieces,
        Action<(PolicyKey Asked, bool IsCatchAll)?, long, Tally> count,
        CancellationToken cancellationToken
    )
    {
        var all = pieces.ToList();
        var hashes = await ReadHashesAsync(
            client,
            [.. all.Select(piece => piece.Key)],
            cancellationToken
        );
        foreach (var (piece, hash) in all.Zip(hashes))
        {
            foreach (var field in hash)
            {
                var asked = AnalyticsField.Parse(field.Name!);
                foreach (var (bucket, counts) in ReadEntries(field.Value!))
                {
                    var at = piece.Start + bucket;
                    if (at >= piece.From && at < piece.To)
                    {
                        count(asked, at, ReadTally(counts));
                    }
                }
            }
        }
    }

    private async Task<long[]> ReadTimesAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        var (from, to) = Buckets(span, BucketSize.Hour);
        var pieces = PiecesOf(
                Kept(from, to, BucketSize.Hour),
                HoursPerDay,
                day => RedisKeys.AnalyticsTimes(client, day)
            )
            .ToList();
        var hashes = await ReadHashesAsync(
            client,
            [.. pieces.Select(piece => piece.Key)],
            cancellationToken
        );
        var times = new long[DecisionTimes.Count];
        foreach (var (piece, hash) in pieces.Zip(hashes))
        {
            foreach (var hour in hash)
            {
                var at = piece.Start + (long)hour.Name;
                if (at >= piece.From && at < piece.To)
                {
                    foreach (var (bucket, counts) in ReadEntries(hour.Value!))
                    {
                        times[bucket] += ReadTally(counts).Checks;
                    }
                }
            }
        }

        return times;
    }

    private async Task<long> CountUsersAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        var (from, to) = Buckets(span, BucketSize.Hour);
        (from, to) = Kept(from, to, BucketSize.Hour);
        var (first, last) = ((from + HoursPerDay - 1) / HoursPerDay, to / HoursPerDay);
        var days = first < last ? (first, last) : (0, 0);
        var hours =
            first < last
                ? Each((from, first * HoursPerDay)).Concat(Each((last * HoursPerDay, to)))
                : Each((from, to));
        RedisKey[] keys =
        [
            .. Each(days).Select(day => RedisKeys.AnalyticsUsersOfDay(client, day)),
            .. hours.Select(hour => RedisKeys.AnalyticsUsersOfHour(client, hour)),
        ];
        return keys is []
            ? 0
            : await connection.AskAsync(
                RedisKeys.Client(client),
                database => database.HyperLogLogLengthAsync(keys, CommandFlags.DemandMaster),
                connection.AdministrativeTimeout,
                cancellationToken
            );
    }

    private Task<HashEntry[][]> ReadHashesAsync(
        ClientId client,
        IReadOnlyList<RedisKey> keys,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            database =>
                Task.WhenAll(
                    keys.Select(key => database.HashGetAllAsync(key, CommandFlags.DemandMaster))
                ),
            connection.AdministrativeTimeout,
            cancellationToken
        );

    private (long From, long To) Kept(long from, long to, BucketSize bucket) =>
        bucket == BucketSize.Minute
            ? Kept(from, to, options.MinuteRetention, TimeSpan.FromHours(1), bucket)
            : Kept(from, to, options.HourRetention, TimeSpan.FromDays(1), bucket);

    private (long From, long To) Kept(long from, long to, TimeSpan retention) =>
        Kept(from, to, retention, TimeSpan.FromHours(1), BucketSize.Hour);

    /// <summary>
    /// Restricts the range to the buckets that may still be retained: a key lives as long as the last of its buckets.
    /// </summary>
    private (long From, long To) Kept(
        long from,
        long to,
        TimeSpan retention,
        TimeSpan key,
        BucketSize bucket
    )
    {
        var now = time.GetUtcNow();
        var (first, last) = Buckets(new AnalyticsSpan(now - retention - key, now + Ahead), bucket);
        return (Math.Max(from, first), Math.Min(to, last));
    }

    /// <summary>The buckets that a span overlaps, by their number since 1970.</summary>
    private static (long From, long To) Buckets(AnalyticsSpan span, BucketSize bucket)
    {
        var whole = span.RoundTo(bucket);
        var size = bucket.Length().Ticks;
        return (
            (whole.From - DateTimeOffset.UnixEpoch).Ticks / size,
            (whole.To - DateTimeOffset.UnixEpoch).Ticks / size
        );
    }

    private static IEnumerable<long> Each((long From, long To) buckets)
    {
        for (var bucket = buckets.From; bucket < buckets.To; bucket++)
        {
            yield return bucket;
        }
    }

    // ' BUCKET:COUNTS BUCKET:COUNTS'
    private static IEnumerable<(int Bucket, string Counts)> ReadEntries(string entries) =>
        entries
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => entry.Split(':'))
            .Select(parts => (int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1]));

    private static Tally ReadTally(string counts)
    {
        Span<long> all = stackalloc long[4];
        var i = 0;
        foreach (var count in counts.AsSpan().Split(','))
        {
            all[i++] = long.Parse(counts.AsSpan(count), CultureInfo.InvariantCulture);
        }

        return new Tally(all[0], all[0] - all[1], all[1], all[2], all[3]);
    }

    /// <summary>A range of buckets within one key.</summary>
    /// <param name="Key">The key.</param>
    /// <param name="Start">The first bucket that the key can contain.</param>
    /// <param name="From">The first bucket of the range.</param>
    /// <param name="To">The end of the range, exclusive.</param>
    private sealed record Piece(RedisKey Key, long Start, long From, long To);
}
