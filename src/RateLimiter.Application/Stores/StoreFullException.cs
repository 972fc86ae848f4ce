namespace RateLimiter.Application.Stores;

/// <summary>The store answers, but has no room for what it was to keep. Nothing was written.</summary>
public sealed class StoreFullException()
    : StoreUnavailableException("The store is full, and keeps nothing new.")
{
    /// <summary>When to try again. Somebody has to make room, or counters have to run out.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);
}
