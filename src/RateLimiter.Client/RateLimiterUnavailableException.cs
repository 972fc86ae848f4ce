namespace RateLimiting.Client;

/// <summary>
/// There is no decision or result: the service cannot be reached, does not respond in time, or reports that it is unavailable
/// (502, 503, 504). The caller chooses whether to fail open or fail closed.
/// </summary>
public sealed class RateLimiterUnavailableException : Exception
{
    /// <summary>Public so that tests of an app can simulate an outage.</summary>
    /// <param name="message">The description of the failure.</param>
    /// <param name="mayHaveCounted">Whether the service may have carried out the request.</param>
    /// <param name="innerException">The cause.</param>
    public RateLimiterUnavailableException(
        string message,
        bool mayHaveCounted,
        Exception? innerException = null
    )
        : base(message, innerException) => MayHaveCounted = mayHaveCounted;

    /// <summary>Whether the service may have carried out the request, such as taken the permits.</summary>
    public bool MayHaveCounted { get; }
}
