using System.Globalization;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>Converts counts to the arguments of <c>add_analytics.lua</c>.</summary>
internal sealed class AnalyticsWrites(AnalyticsOptions options, TimeProvider time)
{
    /// <summary>The most counts in one call: about a millisecond's work, for which checks have to wait.</summary>
    internal const int MaxItems = 1000;

    /// <summary>
    /// The most users of an hour whose checks are written at a time. The others are still counted as seen.
    /// </summary>
    internal const int MaxUsers = 200;

    /// <summary>The most users that are remembered as already seen in their hour, at about 20 bytes each.</summary>
    private const int MaxSeen = 200_000;

    private const int MinutesPerHour = 60;
    private const int HoursPerDay = 24;

    private static readonly string[] Hours =
    [
        .. Enumerable.Range(0, HoursPerDay).Select(hour => $"{hour}"),
    ];

    /// <summary>The most users that <see cref="usersOf"/> keeps capacity for, over all clients.</summary>
    private const int MaxRoom = 4 * DecisionCounts.MaxUsers;

    // Reused from one write to the next: for a busy client it is so large that allocating it again would cause full
    // garbage collections.
    private readonly Dictionary<ClientId, List<KeyValuePair<UserKey, UserTally>>> usersOf = [];

    // Hash codes only, because the result is an estimate anyhow: of 200,000 users, about 5 collide with others.
    private readonly HashSet<int> seen = [];
    private long seenHour;
    private long number;

    /// <summary>The writes for the counts, in order for each client.</summary>
    public IEnumerable<AnalyticsWrite> Of(DecisionCounts counts)
    {
        var now = time.GetUtcNow();
        var series = counts.Series.ToLookup(count => count.Key.Client);
        GroupUsers(counts);
        var times = counts.Times.ToLookup(count => count.Key.Client);
        foreach (var checks in series)
        {
            var client = checks.Key;
            var parts = SeriesParts(client, checks)
                .Concat(TimeParts(client, times[client]))
                .Concat(UserParts(client, usersOf.GetValueOrDefault(client) ?? []))
                .Where(part => part.KeptUntil > now);
            foreach (var write in Batch(client, checks.Sum(it => it.Value.Checks), parts))
            {
                yield return write;
            }
        }
    }

    private IEnumerable<AnalyticsWrite> Batch(ClientId client, long checks, IEnumerable<Part> parts)
    {
        var batch = new List<Part>();
        var items = 0;
        foreach (var part in parts)
        {
            if (items > 0 && items + part.Items > MaxItems)
            {
                yield return Write();
            }

            batch.Add(part);
            items += part.Items;
        }

        if (items > 0)
        {
            yield return Write();
        }

        AnalyticsWrite Write()
        {
            var write = new AnalyticsWrite(
                client,
                ++number,
                [.. batch.Select(part => part.Key)],
                [
                    .. batch.SelectMany(part =>
                        part.Values.Prepend(part.KeptUntil.ToUnixTimeMilliseconds())
                            .Prepend(part.Kind)
                    ),
                ],
                items,
                checks
            );
            checks = 0;
            batch.Clear();
            items = 0;
            return write;
        }
    }

    private IEnumerable<Part> SeriesParts(
        ClientId client,
        IEnumerable<KeyValuePair<SeriesKey, Tally>> counts
    )
    {
        var all = counts.ToList();
        foreach (var hour in all.GroupBy(count => count.Key.Minute / MinutesPerHour))
        {
            var key = RedisKeys.AnalyticsMinutes(client, hour.Key);
            var until = EndOfHour(hour.Key) + options.MinuteRetention;
            foreach (
                var part in CountParts(key, until, hour, series => series.Minute % MinutesPerHour)
            )
            {
                yield return part;
            }
        }

        foreach (var day in all.GroupBy(count => count.Key.Minute / MinutesPerHour / HoursPerDay))
        {
            var key = RedisKeys.AnalyticsHours(client, day.Key);
            var until = EndOfDay(day.Key) + options.HourRetention;
            foreach (
                var part in CountParts(
                    key,
                    until,
                    day,
                    series => series.Minute / MinutesPerHour % HoursPerDay
                )
            )
            {
                yield return part;
            }
        }
    }

    private static IEnumerable<Part> CountParts(
        RedisKey key,
        DateTimeOffset until,
        IEnumerable<KeyValuePair<SeriesKey, Tally>> counts,
        Func<SeriesKey, long> bucketOf
    )
    {
        var fields = counts.GroupBy(count =>
            (count.Key.RouteKey, count.Key.Role, count.Key.IsCatchAll)
        );
        foreach (var some in fields.Chunk(MaxItems / MinutesPerHour))
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
                    values.Add(Write(bucket.Aggregate((left, right) => left + right)));
                    items++;
                }

                values.Insert(count, (values.Count - count) / 2);
            }

            yield return new Part(key, "counts", until, values, items);
        }
    }

    private IEnumerable<Part> TimeParts(
        ClientId client,
        IEnumerable<KeyValuePair<TimeKey, long>> counts
    )
    {
        foreach (var hour in counts.GroupBy(count => count.Key.Hour))
        {
            var values = new List<RedisValue> { 1, Hours[hour.Key % HoursPerDay], "", 0 };
            foreach (var (key, count) in hour)
            {
                values.Add(key.Bucket);
                values.Add(count);
            }

            var items = (values.Count - 4) / 2;
            values[3] = items;
            var day = hour.Key / HoursPerDay;
            yield return new Part(
                RedisKeys.AnalyticsTimes(client, day),
                "counts",
                EndOfDay(day) + options.HourRetention,
                values,
                items
            );
        }
    }

    private void GroupUsers(DecisionCounts counts)
    {
        if (usersOf.Values.Sum(users => users.Capacity) > MaxRoom)
        {
            usersOf.Clear();
        }

        foreach (var users in usersOf.Values)
        {
            users.Clear();
        }

        foreach (var count in counts.Users)
        {
            if (!usersOf.TryGetValue(count.Key.Client, out var users))
            {
                usersOf.Add(count.Key.Client, users = []);
            }

            users.Add(count);
        }
    }

    private IEnumerable<Part> UserParts(
        ClientId client,
        List<KeyValuePair<UserKey, UserTally>> counts
    )
    {
        foreach (var hour in counts.Select(count => count.Key.Hour).Distinct())
        {
            var all = counts.Where(count => count.Key.Hour == hour);
            var first = First(all);
            yield return new Part(
                RedisKeys.AnalyticsUsers(client, hour),
                "users",
                EndOfHour(hour) + options.UserRetention,
                [
                    first.Count,
                    .. first.SelectMany(user =>
                        new RedisValue[] { user.Key.UserId, user.Value.Checks, user.Value.Denied }
                    ),
                ],
                first.Count
            );
            var day = hour / HoursPerDay;
            foreach (var some in all.Where(user => IsNew(user.Key)).Chunk(MaxItems / 2))
            {
                RedisValue[] users =
                [
                    some.Length,
                    .. some.Select(user => (RedisValue)user.Key.UserId),
                ];
                yield return new Part(
                    RedisKeys.AnalyticsUsersOfHour(client, hour),
                    "seen",
                    EndOfHour(hour) + options.UserRetention,
                    users,
                    some.Length
                );
                yield return new Part(
                    RedisKeys.AnalyticsUsersOfDay(client, day),
                    "seen",
                    EndOfDay(day) + options.HourRetention,
                    users,
                    some.Length
                );
            }
        }
    }

    /// <summary>The users with the most checks; denied checks count twice.</summary>
    private static List<KeyValuePair<UserKey, UserTally>> First(
        IEnumerable<KeyValuePair<UserKey, UserTally>> all
    )
    {
        var first = new PriorityQueue<KeyValuePair<UserKey, UserTally>, long>(MaxUsers + 1);
        foreach (var user in all)
        {
            first.Enqueue(user, user.Value.Checks + user.Value.Denied);
            if (first.Count > MaxUsers)
            {
                first.Dequeue();
            }
        }

        return [.. first.UnorderedItems.Select(item => item.Element)];
    }

    /// <summary>
    /// Whether a user was not seen before in their hour. With many checks, most users were: not reporting them to the
    /// store again halves the time of counting.
    /// </summary>
    private bool IsNew(UserKey user)
    {
        if (user.Hour > seenHour || seen.Count >= MaxSeen)
        {
            seenHour = Math.Max(seenHour, user.Hour);
            seen.Clear();
        }

        return seen.Add(user.GetHashCode());
    }

    private static DateTimeOffset EndOfHour(long hour) =>
        DateTimeOffset.UnixEpoch + TimeSpan.FromHours(hour + 1);

    private static DateTimeOffset EndOfDay(long day) =>
        DateTimeOffset.UnixEpoch + TimeSpan.FromDays((int)day + 1);

    private static string Write(Tally tally) =>
        tally switch
        {
            { Degraded: > 0 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Checks},{tally.Denied},{tally.ShadowDenied},{tally.Degraded}"
            ),
            { ShadowDenied: > 0 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Checks},{tally.Denied},{tally.ShadowDenied}"
            ),
            { Denied: > 0 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Checks},{tally.Denied}"
            ),
            _ => tally.Checks.ToString(CultureInfo.InvariantCulture),
        };

    /// <param name="Key">The key that it is added to.</param>
    /// <param name="Kind">The kind of update, as the script names it.</param>
    /// <param name="KeptUntil">When the key expires.</param>
    /// <param name="Values">The arguments for the script.</param>
    /// <param name="Items">The amount of work.</param>
    private sealed record Part(
        RedisKey Key,
        string Kind,
        DateTimeOffset KeptUntil,
        IReadOnlyList<RedisValue> Values,
        int Items
    );
}

/// <summary>What is added for a client in one step, at most once.</summary>
/// <param name="Client">The client.</param>
/// <param name="Number">Higher than the numbers of all earlier writes.</param>
/// <param name="Keys">The keys that it is added to.</param>
/// <param name="Values">What is added.</param>
/// <param name="Items">The amount of work.</param>
/// <param name="Checks">The number of checks: if a write is split, all are in its first part.</param>
internal sealed record AnalyticsWrite(
    ClientId Client,
    long Number,
    RedisKey[] Keys,
    RedisValue[] Values,
    int Items,
    long Checks
);

/// <summary>The field of the series that a check is counted in.</summary>
internal static class AnalyticsField
{
    /// <summary>The series of all checks that are not distinguished.</summary>
    public const string Other = "other";

    private const char Own = 'p';
    private const char CatchAll = '*';

    public static string Of(string route, string role, bool isCatchAll) =>
        route.Length == 0 && !isCatchAll
            ? Other
            : $"{(isCatchAll ? CatchAll : Own)}{RedisKeys.PolicyField(new PolicyKey(route, role))}";

    /// <summary>Parses what <see cref="Of"/> writes; null for <see cref="Other"/>.</summary>
    public static (PolicyKey Asked, bool IsCatchAll)? Parse(string field) =>
        field[0] is Own or CatchAll
            ? (RedisKeys.ParsePolicyField(field[1..]), field[0] == CatchAll)
            : null;
}
