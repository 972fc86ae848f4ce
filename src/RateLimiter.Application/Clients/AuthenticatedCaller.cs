using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Clients;

/// <summary>The caller of an authenticated request.</summary>
/// <param name="Client">The client.</param>
/// <param name="Key">The key that authenticated the request.</param>
public sealed record AuthenticatedCaller(ClientSnapshot Client, ClientKey Key)
{
    private long usedMinute;

    /// <summary>
    /// The time spent waiting for the store during authentication. It reduces the timeout of the request's next store access.
    /// </summary>
    public TimeSpan Waited { get; init; }

    /// <summary>Records that the key is used.</summary>
    /// <param name="minute">The time of the use, in minutes since 1970.</param>
    /// <returns>Whether this is the first recorded use in that minute.</returns>
    public bool UseIn(long minute) =>
        Volatile.Read(ref usedMinute) != minute
        && Interlocked.Exchange(ref usedMinute, minute) != minute;
}
