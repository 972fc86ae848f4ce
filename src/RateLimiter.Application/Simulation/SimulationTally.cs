using System.Runtime.InteropServices;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Simulation;

/// <summary>Counts what a policy would have decided beside what was decided.</summary>
internal sealed class SimulationTally
{
    /// <summary>The most users that are listed.</summary>
    internal const int MaxTop = 10;

    /// <summary>The most buckets.</summary>
    internal const int MaxBuckets = 100;

    // Round lengths, so that buckets begin at round times. Beyond the last, whole days.
    private static readonly TimeSpan[] Lengths =
    [
        TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(5),
        TimeSpan.FromSeconds(15),
        TimeSpan.FromMinutes(1),
        TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(15),
        TimeSpan.FromHours(1),
        TimeSpan.FromHours(6),
        TimeSpan.FromDays(1),
    ];

    private readonly Dictionary<string, (long NewlyDenied, long Checks)> users = [];
    private readonly List<(DateTimeOffset At, bool Was, bool Would)> decisions = [];
    private Verdicts current;
    private Verdicts proposed;
    private long newlyDenied;
    private long newlyAllowed;

    /// <param name="entry">The decision that was made, no earlier than those before.</param>
    /// <param name="allowed">What the proposed policy would have decided.</param>
    public void Add(in LogEntry entry, bool allowed)
    {
        current = current.With(entry.Allowed);
        proposed = proposed.With(allowed);
        decisions.Add((entry.DecidedAt, entry.Allowed, allowed));
        ref var user = ref CollectionsMarshal.GetValueRefOrAddDefault(users, entry.UserId, out _);
        user.Checks++;
        if (entry.Allowed && !allowed)
        {
            newlyDenied++;
            user.NewlyDenied++;
        }
        else if (allowed && !entry.Allowed)
        {
            newlyAllowed++;
        }
    }

    /// <summary>What was counted.</summary>
    /// <param name="coveredFrom">The first moment from which everything is kept.</param>
    public PolicySimulation ToSimulation(DateTimeOffset coveredFrom) =>
        new(
            current,
            proposed,
            newlyDenied,
            newlyAllowed,
            [
                .. users
                    .Where(user => user.Value.NewlyDenied > 0)
                    .OrderByDescending(user => user.Value.NewlyDenied)
                    .ThenBy(user => user.Key, StringComparer.Ordinal)
                    .Take(MaxTop)
                    .Select(user => new UserSimulation(
                        user.Key,
                        user.Value.NewlyDenied,
                        user.Value.Checks
                    )),
            ],
            Buckets(),
            coveredFrom
        );

    private SimulatedBucket[] Buckets()
    {
        if (decisions.Count == 0)
        {
            return [];
        }

        var length = LengthFor(decisions[0].At, decisions[^1].At);
        var first = decisions[0].At.UtcTicks / length.Ticks;
        var last = decisions[^1].At.UtcTicks / length.Ticks;
        var verdicts = new (Verdicts Current, Verdicts Proposed)[last - first + 1];
        foreach (var (at, was, would) in decisions)
        {
            ref var bucket = ref verdicts[at.UtcTicks / length.Ticks - first];
            bucket = (bucket.Current.With(was), bucket.Proposed.With(would));
        }

        return
        [
            .. verdicts.Select(
                (bucket, i) =>
                    new SimulatedBucket(
                        new DateTimeOffset((first + i) * length.Ticks, TimeSpan.Zero),
                        bucket.Current,
                        bucket.Proposed
                    )
            ),
        ];
    }

    private static TimeSpan LengthFor(DateTimeOffset first, DateTimeOffset last)
    {
        foreach (var length in Lengths)
        {
            // One more than these where the first begins within a bucket.
            if ((last - first).Ticks / length.Ticks + 2 <= MaxBuckets)
            {
                return length;
            }
        }

        return TimeSpan.FromDays(Math.Ceiling((last - first) / TimeSpan.FromDays(MaxBuckets - 2)));
    }
}
