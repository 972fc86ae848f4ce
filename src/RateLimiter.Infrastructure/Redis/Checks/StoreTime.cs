namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Estimates the current time of a store shard's clock from its replies: the time in each reply was read after the
/// request was sent and before the reply arrived. Whatever is cached from that shard expires by the shard's clock,
/// whatever this machine's clock says.
/// </summary>
/// <remarks>
/// Replies that agree narrow the range together. One that disagrees replaces them: the clock was set, or runs at
/// another rate, or another server has taken over. The order of two replies does not matter, because both are true.
/// </remarks>
internal sealed class StoreTime(TimeProvider time)
{
    private readonly long origin = time.GetTimestamp();
    private volatile Offset? offset;

    /// <summary>The earliest and the latest possible current time; null before the first reply.</summary>
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

    /// <param name="answered">The time in a reply that has just arrived.</param>
    /// <param name="asked">When the request was sent, as this instance's timestamp.</param>
    public void Observe(DateTimeOffset answered, long asked)
    {
        var seen = new Offset(
            answered - time.GetElapsedTime(origin),
            answered - time.GetElapsedTime(origin, asked)
        );
        // If a concurrent update is lost, it was no more true than this one.
        offset = offset?.And(seen) ?? seen;
    }

    // The time of the store's clock at the origin.
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
