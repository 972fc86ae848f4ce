namespace RateLimiter.Application.Stores;

/// <summary>Why the store could not serve a request, in words.</summary>
public static class StoreRefusal
{
    /// <summary>For <see cref="StoreUnavailableException"/>.</summary>
    public const string Unavailable = "The store does not answer at the moment.";

    /// <summary>For <see cref="StoreFullException"/>.</summary>
    public const string Full =
        "The store is full, and keeps nothing new. Deleting policies, keys or clients makes room.";
}
