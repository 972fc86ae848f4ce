namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// What time it is by the clock of a part of the store, as far as its answers tell: each was made after it was asked for and
/// before it was here. What is remembered of that store ends by its clock, whatever this machine's says.
/// </summary>
/// <remarks>
/// Answers that agree narrow it down together. One that does not is believed alone: the clock was set, or runs at another pace,
/// or another server has taken over. Which of two answers comes last is not told, because both are true.
/// </remarks>
internal sealed class StoreTime(TimeProvider time)
{
    private readonly long origin = time.GetTimestamp();
    private volatile Offset? offset;

    /// <summary>The earliest and the latest that it can be now; null while nothing has been answered.</summary>
    public (DateTimeOffset Earliest, DateTimeOffset Latest)? Now
    {
        get
        {
            if (offset is not { } known)
            {
                return null;
            }

            var elapsed = time.GetElapsedTime(origin);
            return (known.Earliest + elapsed, known.Latest + elapsed);
        }
    }

    /// <param name="answered">The time in an answer that has just come.</param>
    /// <param name="asked">When it was asked for, by this instance's timestamp.</param>
    public void Observe(DateTimeOffset answered, long asked)
    {
        var seen = new Offset(
            answered - time.GetElapsedTime(origin),
            answered - time.GetElapsedTime(origin, asked)
        );
        // One that is lost to another thread was as true as that one.
        offset = offset?.And(seen) ?? seen;
    }

    // What the store's clock said at the origin.
    private sealed record Offset(DateTimeOffset Earliest, DateTimeOffset Latest)
    {
        public Offset? And(Offset other)
        {
            var both = new Offset(
                Earliest > other.Earliest ? Earliest : other.Earliest,
                Latest < other.Latest ? Latest : other.Latest
            );
            return both.Earliest <= both.Latest ? both : null;
        }
    }
}
