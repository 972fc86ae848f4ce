using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Simulation;

/// <summary>
/// The reservations that are open at a time of a replay. Extensions are not logged: a reservation that was settled in time after it
/// would have expired was extended until then.
/// </summary>
internal sealed class ReplayedHolds
{
    private readonly Dictionary<ReservationKey, ReplayedHold> open = [];
    private readonly PriorityQueue<ReplayedHold, long> expiring = new();
    private readonly Dictionary<ReservationKey, DateTimeOffset> settledInTime = [];

    /// <param name="entries">All entries that are replayed, in their order.</param>
    public ReplayedHolds(IEnumerable<LogEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (entry is { Kind: LogEntryKind.Commit or LogEntryKind.Release, IsLate: false })
            {
                settledInTime[ReservationKey.Of(entry)] = entry.DecidedAt;
            }
        }
    }

    /// <summary>Adds the reservation of a decision that took permits.</summary>
    /// <param name="entry">The decision, with its terms.</param>
    /// <param name="hold">What it holds.</param>
    public void Add(in LogEntry entry, ReplayedHold hold)
    {
        open[ReservationKey.Of(entry)] = hold;
        Await(entry, hold);
    }

    /// <summary>The open reservation of a settlement; null when there is none.</summary>
    public ReplayedHold? Find(in LogEntry entry) =>
        open.GetValueOrDefault(ReservationKey.Of(entry));

    /// <summary>Lets a reservation live for another time to live.</summary>
    public void Prolong(in LogEntry entry, ReplayedHold hold) => Await(entry, hold);

    /// <summary>How long a reservation lived from an entry on, if nobody settled it: extensions are not logged.</summary>
    /// <param name="entry">When it was made, or committed in part.</param>
    /// <param name="timeToLive">Its time to live.</param>
    public TimeSpan TimeToLiveOf(in LogEntry entry, TimeSpan timeToLive) =>
        settledInTime.TryGetValue(ReservationKey.Of(entry), out var settled)
        && settled >= entry.DecidedAt + timeToLive
            // It expires after what settles it in time, so that this finds it.
            ? settled.AddTicks(1) - entry.DecidedAt
            : timeToLive;

    /// <summary>Removes a reservation that was settled for good.</summary>
    public void Remove(in LogEntry entry) => open.Remove(ReservationKey.Of(entry));

    /// <summary>Takes the next reservation that expires until a time and is not settled; false when there is none.</summary>
    public bool TryExpire(DateTimeOffset until, out ReplayedHold hold)
    {
        while (expiring.TryPeek(out hold!, out var ticks) && ticks <= until.UtcTicks)
        {
            expiring.Dequeue();
            if (
                !hold.HasExpired
                && hold.ExpiresAt.UtcTicks == ticks
                && ReferenceEquals(open.GetValueOrDefault(hold.Key), hold)
            )
            {
                hold.HasExpired = true;
                return true;
            }
        }

        return false;
    }

    /// <summary>Forgets what reservations took from a counter that was reset.</summary>
    /// <param name="indexIn">The index of the counter in a reservation; -1 when it has taken nothing from it.</param>
    public void Forget(Func<ReplayedHold, int> indexIn)
    {
        foreach (var hold in open.Values)
        {
            if (indexIn(hold) is >= 0 and var index)
            {
                hold.Taken[index] = 0;
            }
        }
    }

    private void Await(in LogEntry entry, ReplayedHold hold)
    {
        hold.ExpiresAt = entry.DecidedAt + TimeToLiveOf(entry, hold.Terms.TimeToLive);
        expiring.Enqueue(hold, hold.ExpiresAt.UtcTicks);
    }
}

/// <summary>Names a reservation. The beginning of its id, which is logged, is nearly unique; its user makes it so.</summary>
internal readonly record struct ReservationKey(string? IdBeginning, string UserId, string RouteKey)
{
    public static ReservationKey Of(in LogEntry entry) =>
        new(entry.ReservationId, entry.UserId, entry.RouteKey);
}

/// <summary>What a reservation holds in a replay.</summary>
/// <param name="key">Which reservation it is.</param>
/// <param name="plan">The plan by which it was made.</param>
/// <param name="granted">The permits that were taken.</param>
/// <param name="origins">Where they were taken from each counter.</param>
/// <param name="terms">How it is held.</param>
/// <param name="keeps">Whether its permits stay charged when it expires.</param>
internal sealed class ReplayedHold(
    ReservationKey key,
    CheckPlan plan,
    long granted,
    long[] origins,
    ReservationTerms terms,
    bool keeps
)
{
    public ReservationKey Key => key;

    public CheckPlan Plan => plan;

    public long[] Origins => origins;

    public ReservationTerms Terms => terms;

    public bool Keeps => keeps;

    /// <summary>The permits that are taken from each counter.</summary>
    public long[] Taken { get; } = [.. origins.Select(_ => granted)];

    /// <summary>The permits that are charged, whatever becomes of the others.</summary>
    public long Committed { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public bool HasExpired { get; set; }
}
