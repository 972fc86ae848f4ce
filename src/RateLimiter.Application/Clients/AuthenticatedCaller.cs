using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Clients;

/// <summary>Who was let in.</summary>
/// <param name="Client">The client.</param>
/// <param name="Key">The key it came with.</param>
public sealed record AuthenticatedCaller(ClientSnapshot Client, ClientKey Key)
{
    private long usedMinute;

    /// <summary>
    /// How long the store was waited for to find that out. Whatever this request asks it for next has so much less time.
    /// </summary>
    public TimeSpan Waited { get; init; }

    /// <summary>Notes that the key is used.</summary>
    /// <param name="minute">When, in minutes since 1970.</param>
    /// <returns>Whether that is news.</returns>
    public bool UseIn(long minute) =>
        Volatile.Read(ref usedMinute) != minute
        && Interlocked.Exchange(ref usedMinute, minute) != minute;
}
