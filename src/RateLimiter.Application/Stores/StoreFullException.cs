namespace RateLimiter.Application.Stores;

/// <summary>The store answers, but has no room for new data. Nothing was written.</summary>
public sealed class StoreFullException()
    : StoreUnavailableException("The store is full, and keeps nothing new.")
{
    /// <summary>How long to wait before retrying: an operator must make room, or counters must expire.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);
}
