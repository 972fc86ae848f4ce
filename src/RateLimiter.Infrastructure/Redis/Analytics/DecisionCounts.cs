using System.Runtime.InteropServices;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>
/// What was counted and is not written yet, of all clients. It has a size: however long the store is away, and whatever
/// callers ask about, the sums stay exact, and what is given up is by what they can be told apart.
/// </summary>
internal sealed class DecisionCounts
{
    /// <summary>The most series that are told apart, at about 150 bytes each.</summary>
    internal const int MaxSeries = 20_000;

    /// <summary>The most users that are counted in an hour, of all clients together. Others are in the sums alone.</summary>
    internal const int MaxUsers = 50_000;

    /// <summary>The most counts of times. Decisions beyond it are in the sums alone.</summary>
    internal const int MaxTimes = 50_000;

    private const int MinutesPerHour = 60;

    private Dictionary<SeriesKey, Tally> series = [];
    private Dictionary<UserKey, UserTally> users = [];
    private Dictionary<TimeKey, long> times = [];

    public IReadOnlyDictionary<SeriesKey, Tally> Series => series;

    public IReadOnlyDictionary<UserKey, UserTally> Users => users;

    public IReadOnlyDictionary<TimeKey, long> Times => times;

    /// <summary>How many checks are in it.</summary>
    public long Checks => series.Values.Sum(tally => tally.Checks);

    public void Add(ClientId client, PolicyKey policy, LoggedDecision decision, TimeSpan took)
    {
        var minute =
            (decision.DecidedAt.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks)
            / TimeSpan.TicksPerMinute;
        var hour = minute / MinutesPerHour;
        var denied = decision.Allowed ? 0 : 1;
        Add(
            new SeriesKey(client, minute, decision.RouteKey, policy.Role, policy.IsCatchAll),
            new Tally(
                1,
                1 - denied,
                denied,
                decision.ShadowDenied ? 1 : 0,
                decision.Degraded ? 1 : 0
            )
        );
        Add(new UserKey(client, hour, decision.UserId), new UserTally(1, denied));
        Add(new TimeKey(client, hour, DecisionTimes.BucketOf(took)), 1);
    }

    /// <summary>Takes over all that is in another, which is empty then.</summary>
    public void Take(DecisionCounts other)
    {
        foreach (var (key, tally) in other.series)
        {
            Add(key, tally);
        }

        foreach (var (key, tally) in other.users)
        {
            Add(key, tally);
        }

        foreach (var (key, count) in other.times)
        {
            Add(key, count);
        }

        other.Clear();
    }

    /// <summary>Moves what is counted of all clients but some, which stays.</summary>
    /// <param name="staying">Those clients.</param>
    /// <param name="taken">Where to; empty.</param>
    public void MoveExcept(IReadOnlySet<ClientId> staying, DecisionCounts taken)
    {
        if (staying.Count == 0)
        {
            // They are large, and nearly always all of them go.
            (series, taken.series) = (taken.series, series);
            (users, taken.users) = (taken.users, users);
            (times, taken.times) = (taken.times, times);
            return;
        }

        Move(series, taken.series, key => staying.Contains(key.Client));
        Move(users, taken.users, key => staying.Contains(key.Client));
        Move(times, taken.times, key => staying.Contains(key.Client));
    }

    /// <summary>Forgets everything, and keeps the room that it took.</summary>
    public void Clear()
    {
        series.Clear();
        users.Clear();
        times.Clear();
    }

    private static void Move<TKey, TValue>(
        Dictionary<TKey, TValue> counts,
        Dictionary<TKey, TValue> taken,
        Predicate<TKey> stays
    )
        where TKey : notnull
    {
        foreach (var (key, count) in counts)
        {
            if (!stays(key))
            {
                taken.Add(key, count);
                counts.Remove(key);
            }
        }
    }

    private void Add(SeriesKey key, Tally tally)
    {
        if (series.Count >= MaxSeries && !series.ContainsKey(key))
        {
            // Of a catch-all policy it is the routes that are many.
            key = key with
            {
                Minute = key.Minute / MinutesPerHour * MinutesPerHour,
                RouteKey = SeriesKey.Other,
                Role = key.IsCatchAll && series.Count < 2 * MaxSeries ? key.Role : SeriesKey.Other,
                IsCatchAll = key.IsCatchAll && series.Count < 2 * MaxSeries,
            };
        }

        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(series, key, out _);
        known += tally;
    }

    private void Add(UserKey key, UserTally tally)
    {
        if (users.Count < MaxUsers || users.ContainsKey(key))
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(users, key, out _);
            known = new UserTally(known.Checks + tally.Checks, known.Denied + tally.Denied);
        }
    }

    private void Add(TimeKey key, long count)
    {
        if (times.Count < MaxTimes || times.ContainsKey(key))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(times, key, out _) += count;
        }
    }
}

/// <param name="Client">Whose checks.</param>
/// <param name="Minute">When they were decided, in minutes since 1970.</param>
/// <param name="RouteKey">The route asked for.</param>
/// <param name="Role">The role of the policy that decided.</param>
/// <param name="IsCatchAll">Whether that is one for every route.</param>
internal readonly record struct SeriesKey(
    ClientId Client,
    long Minute,
    string RouteKey,
    string Role,
    bool IsCatchAll
)
{
    /// <summary>In the place of names that are not told apart any more; no name is empty.</summary>
    public const string Other = "";
}

/// <param name="Client">Whose checks.</param>
/// <param name="Hour">When they were decided, in hours since 1970.</param>
/// <param name="UserId">The user asked about.</param>
internal readonly record struct UserKey(ClientId Client, long Hour, string UserId);

internal readonly record struct UserTally(long Checks, long Denied);

/// <param name="Client">Whose checks.</param>
/// <param name="Hour">When they were decided, in hours since 1970.</param>
/// <param name="Bucket">How long it took: a bucket of <see cref="DecisionTimes"/>.</param>
internal readonly record struct TimeKey(ClientId Client, long Hour, int Bucket);
