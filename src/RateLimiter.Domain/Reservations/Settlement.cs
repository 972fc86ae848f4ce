using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Reservations;

/// <summary>What a caller does with a reservation.</summary>
public abstract record Settlement
{
    private Settlement() { }

    /// <summary>Charges what was used.</summary>
    /// <param name="Cost">The total so far.</param>
    /// <param name="IsFinal">Whether the rest is given back; else it stays held, for another time to live.</param>
    public sealed record Commit(long Cost, bool IsFinal) : Settlement;

    /// <summary>Holds it for another time to live, from now on.</summary>
    public sealed record Extend(TimeSpan TimeToLive) : Settlement;

    /// <summary>Gives back what is held. What was committed before stays charged.</summary>
    public sealed record Release : Settlement;
}

/// <summary>What became of it.</summary>
public abstract record Settled
{
    private Settled() { }

    /// <summary>How this changed counters; null when it changed none, as a repetition does.</summary>
    public SettlementChange? Change { get; init; }

    /// <summary>
    /// The log entry for its change, of which the cost is the total that is charged, or what a release gave back; null when it
    /// changed nothing.
    /// </summary>
    /// <param name="id">The id of the reservation.</param>
    public LogEntry? ToLogEntry(string id)
    {
        if (Change is not ({ } check, var at, var released, var nearest, var remaining))
        {
            return null;
        }

        var commit = this as Committed;
        return new LogEntry(
            at,
            check.UserId ?? LogEntry.NoUser,
            check.RouteKey,
            check.Role,
            check.Role,
            Allowed: true,
            ShadowDenied: false,
            Degraded: false,
            Reason: null,
            commit?.Charged ?? released,
            remaining,
            nearest?.Permits ?? 0,
            nearest?.Capacity
        )
        {
            Kind = commit is null ? LogEntryKind.Release : LogEntryKind.Commit,
            Subjects = check.Subjects,
            ReservationId = LogEntry.BeginningOf(id),
            Released = released,
            IsLate = commit?.Late == true,
            IsHeld = commit?.IsHeld == true,
        };
    }

    /// <summary>The answer to a commit.</summary>
    /// <param name="Charged">The total that is charged.</param>
    /// <param name="Released">What was given back, or not taken, of what was reserved.</param>
    /// <param name="Overrun">The most permits that this charged over any limit.</param>
    /// <param name="Late">Whether the reservation had expired.</param>
    /// <param name="Degraded">Whether it was made without the store, so that nothing is charged.</param>
    /// <param name="Remaining">The fewest permits left under any limit; null when it holds nothing.</param>
    public sealed record Committed(
        long Charged,
        long Released,
        long Overrun,
        bool Late,
        bool Degraded,
        long? Remaining
    ) : Settled
    {
        /// <summary>Whether it goes on, because this was not the last commit.</summary>
        public bool IsHeld { get; init; }
    }

    /// <summary>The reservation lives longer.</summary>
    public sealed record Extended(DateTimeOffset ExpiresAt) : Settled;

    /// <summary>What was held is given back.</summary>
    public sealed record Returned : Settled;

    /// <summary>There is no such reservation, or no more.</summary>
    public sealed record Unknown : Settled;

    /// <summary>It was settled or has expired before, or asks for less than before.</summary>
    public sealed record Refused(SettlementConflict Why) : Settled;
}

/// <summary>A change of counters by a settlement.</summary>
/// <param name="Check">What was reserved, without its cost.</param>
/// <param name="At">The time, by the store's clock.</param>
/// <param name="Released">The permits that were given back.</param>
/// <param name="Nearest">The limit with the fewest permits left; null when the policy does not have it any more.</param>
/// <param name="Remaining">These permits.</param>
public sealed record SettlementChange(
    Check Check,
    DateTimeOffset At,
    long Released,
    Limit? Nearest,
    long Remaining
);

/// <summary>Why a reservation cannot be settled so.</summary>
public enum SettlementConflict
{
    /// <summary>It was given back before.</summary>
    Released,

    /// <summary>It has expired, and cannot live longer.</summary>
    Expired,

    /// <summary>The last commit was made before, for another cost.</summary>
    Committed,

    /// <summary>A commit before was for more: costs are totals.</summary>
    LessThanBefore,
}
