using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>The parts of writes that add to the counts of users, and to the users that were seen.</summary>
internal sealed class UserParts(AnalyticsRetention retention)
{
    /// <summary>
    /// The most users of an hour whose checks are written at a time. The others are still counted as seen.
    /// </summary>
    internal const int MaxUsers = 200;

    /// <summary>The most users that are remembered as already seen in their hour, at about 20 bytes each.</summary>
    private const int MaxSeen = 200_000;

    private readonly ClientCounts<UserKey> users = new(
        user => user.Client,
        maxRoom: 4 * DecisionCounts.MaxUsers
    );

    // Hash codes only, because the result is an estimate anyhow: of 200,000 users, about 5 collide with others.
    private readonly HashSet<int> seen = [];
    private long seenHour;

    /// <summary>Takes over the counts of all clients; those of an earlier call are forgotten.</summary>
    public void Group(IEnumerable<KeyValuePair<UserKey, NamedTally>> counts) => users.Group(counts);

    /// <summary>The parts for the counts of a client.</summary>
    public IEnumerable<AnalyticsPart> Of(ClientId client)
    {
        var counts = users.Of(client);
        foreach (var hour in counts.Select(count => count.Key.Hour).Distinct())
        {
            var all = counts.Where(count => count.Key.Hour == hour);
            var until = retention.EndOfUsers(hour);
            var first = ClientCounts<UserKey>.First(all, MaxUsers);
            yield return new AnalyticsPart(
                RedisKeys.AnalyticsUsers(client, hour),
                "users",
                until,
                [
                    first.Count,
                    .. first.SelectMany(user =>
                        new RedisValue[] { user.Key.UserId, user.Value.Checks, user.Value.Denied }
                    ),
                ],
                first.Count
            );
            var day = hour / BucketRange.HoursPerDay;
            foreach (
                var some in all.Where(user => IsNew(user.Key)).Chunk(AnalyticsWrites.MaxItems / 2)
            )
            {
                RedisValue[] names =
                [
                    some.Length,
                    .. some.Select(user => (RedisValue)user.Key.UserId),
                ];
                yield return Seen(RedisKeys.AnalyticsUsersOfHour(client, hour), until, names);
                yield return Seen(
                    RedisKeys.AnalyticsUsersOfDay(client, day),
                    retention.EndOfHours(day),
                    names
                );
            }
        }
    }

    private static AnalyticsPart Seen(RedisKey key, DateTimeOffset until, RedisValue[] users) =>
        new(key, "seen", until, users, users.Length - 1);

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
}
