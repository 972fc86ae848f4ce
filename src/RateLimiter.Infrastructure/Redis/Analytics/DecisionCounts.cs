using System.Runtime.InteropServices;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>
/// The counts of all clients that are not written yet. Its size is bounded: however long the store is unavailable, and
/// whatever callers check, the sums stay exact; what is lost is the distinction between series.
/// </summary>
internal sealed class DecisionCounts
{
    /// <summary>The most series that are distinguished, at about 150 bytes each.</summary>
    internal const int MaxSeries = 20_000;

    /// <summary>
    /// The most users that are counted, for all clients and hours together. Others are only in the sums.
    /// </summary>
    internal const int MaxUsers = 50_000;

    /// <summary>
    /// The most values of subjects that are counted, for all clients and hours together. Others are counted together, by the name
    /// of the subject.
    /// </summary>
    internal const int MaxSubjects = 20_000;

    /// <summary>The most counts of decision times. Decisions beyond it are only in the sums.</summary>
    internal const int MaxTimes = 50_000;

    private Dictionary<SeriesKey, Tally> series = [];
    private Dictionary<UserKey, NamedTally> users = [];
    private Dictionary<SubjectKey, NamedTally> subjects = [];
    private Dictionary<TimeKey, long> times = [];

    public IReadOnlyDictionary<SeriesKey, Tally> Series => series;

    public IReadOnlyDictionary<UserKey, NamedTally> Users => users;

    public IReadOnlyDictionary<SubjectKey, NamedTally> Subjects => subjects;

    public IReadOnlyDictionary<TimeKey, long> Times => times;

    /// <summary>The number of checks in it.</summary>
    public long Checks => series.Values.Sum(tally => tally.Checks);

    public void Add(ClientId client, Policy policy, in LogEntry decision, TimeSpan took)
    {
        var minute =
            (decision.DecidedAt.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks)
            / TimeSpan.TicksPerMinute;
        var hour = minute / BucketRange.MinutesPerHour;
        var denied = decision.Allowed ? 0 : 1;
        Add(
            new SeriesKey(
                client,
                minute,
                decision.RouteKey,
                policy.Key.Role,
                policy.Key.IsCatchAll
            ),
            new Tally(
                1,
                1 - denied,
                denied,
                decision.ShadowDenied ? 1 : 0,
                decision.Degraded ? 1 : 0
            )
        );
        Add(new UserKey(client, hour, decision.UserId), new NamedTally(1, denied));
        if (decision.Subjects is { } named)
        {
            for (var i = 0; i < policy.Limits.Named.Count; i++)
            {
                var name = policy.Limits.Named[i];
                if (named.Find(name) is { } value)
                {
                    Add(new SubjectKey(client, hour, name, value), new NamedTally(1, denied));
                }
            }
        }

        Add(new TimeKey(client, hour, DecisionTimes.BucketOf(took)), 1);
    }

    /// <summary>Adds all counts of another instance, which is empty afterwards.</summary>
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

        foreach (var (key, tally) in other.subjects)
        {
            Add(key, tally);
        }

        foreach (var (key, count) in other.times)
        {
            Add(key, count);
        }

        other.Clear();
    }

    /// <summary>Moves the counts of all clients except some, whose counts stay.</summary>
    /// <param name="staying">The clients whose counts stay.</param>
    /// <param name="taken">The destination; empty.</param>
    public void MoveExcept(IReadOnlySet<ClientId> staying, DecisionCounts taken)
    {
        if (staying.Count == 0)
        {
            // The dictionaries are large, and nearly always everything moves.
            (series, taken.series) = (taken.series, series);
            (users, taken.users) = (taken.users, users);
            (subjects, taken.subjects) = (taken.subjects, subjects);
            (times, taken.times) = (taken.times, times);
            return;
        }

        Move(series, taken.series, key => staying.Contains(key.Client));
        Move(users, taken.users, key => staying.Contains(key.Client));
        Move(subjects, taken.subjects, key => staying.Contains(key.Client));
        Move(times, taken.times, key => staying.Contains(key.Client));
    }

    /// <summary>Removes everything, but keeps the capacity.</summary>
    public void Clear()
    {
        series.Clear();
        users.Clear();
        subjects.Clear();
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
            // With a catch-all policy, it is the routes that are numerous.
            key = key with
            {
                Minute = key.Minute / BucketRange.MinutesPerHour * BucketRange.MinutesPerHour,
                RouteKey = SeriesKey.Other,
                Role = key.IsCatchAll && series.Count < 2 * MaxSeries ? key.Role : SeriesKey.Other,
                IsCatchAll = key.IsCatchAll && series.Count < 2 * MaxSeries,
            };
        }

        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(series, key, out _);
        known += tally;
    }

    private void Add(UserKey key, NamedTally tally)
    {
        if (users.Count < MaxUsers || users.ContainsKey(key))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(users, key, out _) += tally;
        }
    }

    private void Add(SubjectKey key, NamedTally tally)
    {
        if (subjects.Count >= MaxSubjects && !subjects.ContainsKey(key))
        {
            // It is the values that are numerous: the names are those of the client's limits.
            key = key with
            {
                Value = SubjectKey.Other,
            };
        }

        CollectionsMarshal.GetValueRefOrAddDefault(subjects, key, out _) += tally;
    }

    private void Add(TimeKey key, long count)
    {
        if (times.Count < MaxTimes || times.ContainsKey(key))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(times, key, out _) += count;
        }
    }
}

/// <param name="Client">The client of the checks.</param>
/// <param name="Minute">When they were decided, in minutes since 1970.</param>
/// <param name="RouteKey">The requested route.</param>
/// <param name="Role">The role of the policy that decided.</param>
/// <param name="IsCatchAll">Whether that policy applies to every route.</param>
internal readonly record struct SeriesKey(
    ClientId Client,
    long Minute,
    string RouteKey,
    string Role,
    bool IsCatchAll
)
{
    /// <summary>Replaces names that are not distinguished any more; no name is empty.</summary>
    public const string Other = "";
}

/// <param name="Client">The client of the checks.</param>
/// <param name="Hour">When they were decided, in hours since 1970.</param>
/// <param name="UserId">The user of the checks.</param>
internal readonly record struct UserKey(ClientId Client, long Hour, string UserId);

/// <param name="Client">The client of the checks.</param>
/// <param name="Hour">When they were decided, in hours since 1970.</param>
/// <param name="Name">The name of a subject that a limit of the policy has.</param>
/// <param name="Value">The value that the checks have.</param>
internal readonly record struct SubjectKey(ClientId Client, long Hour, string Name, string Value)
{
    /// <summary>Replaces values that are not distinguished any more; no value is empty.</summary>
    public const string Other = "";
}

/// <summary>The counts of a user, or of a value of another subject.</summary>
internal readonly record struct NamedTally(long Checks, long Denied)
{
    /// <summary>By this the most frequent ones are kept: denied checks count twice.</summary>
    public long Weight => Checks + Denied;

    public static NamedTally operator +(NamedTally left, NamedTally right) =>
        new(left.Checks + right.Checks, left.Denied + right.Denied);
}

/// <param name="Client">The client of the checks.</param>
/// <param name="Hour">When they were decided, in hours since 1970.</param>
/// <param name="Bucket">The decision time: a bucket of <see cref="DecisionTimes"/>.</param>
internal readonly record struct TimeKey(ClientId Client, long Hour, int Bucket);
