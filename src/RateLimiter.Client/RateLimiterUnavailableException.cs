namespace RateLimiting.Client;

/// <summary>
/// There is no answer: the service cannot be reached, does not answer in time, or says itself that it cannot answer now
/// (502, 503, 504). Whether to let the user pass is up to the caller.
/// </summary>
public sealed class RateLimiterUnavailableException : Exception
{
    /// <summary>Also for whoever plays the service in tests of an app.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="mayHaveCounted">Whether the service may have done what it was asked for.</param>
    /// <param name="innerException">What it came from.</param>
    public RateLimiterUnavailableException(
        string message,
        bool mayHaveCounted,
        Exception? innerException = null
    )
        : base(message, innerException) => MayHaveCounted = mayHaveCounted;

    /// <summary>Whether the service may have done what it was asked for, such as taken the permits.</summary>
    public bool MayHaveCounted { get; }
}
