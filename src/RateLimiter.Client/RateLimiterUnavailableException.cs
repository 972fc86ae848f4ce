namespace RateLimiting.Client;

/// <summary>
/// There is no answer: the service cannot be reached, does not answer in time, or says itself that it cannot answer now
/// (502, 503, 504). Whether to let the user pass is up to the caller.
/// </summary>
public sealed class RateLimiterUnavailableException : Exception
{
    internal RateLimiterUnavailableException(
        string message,
        bool mayHaveCounted,
        Exception? innerException = null
    )
        : base(message, innerException) => MayHaveCounted = mayHaveCounted;

    /// <summary>There is an answer, but none of this service: perhaps the address is another's.</summary>
    internal static RateLimiterUnavailableException NotUnderstood() =>
        new("What answered is no decision of RateLimiter: is the base address right?", true);

    /// <summary>Whether the service may have done what it was asked for, such as taken the permits.</summary>
    public bool MayHaveCounted { get; }
}
