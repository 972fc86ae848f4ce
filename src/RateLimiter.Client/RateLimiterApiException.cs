namespace RateLimiting.Client;

/// <summary>The service rejected the request: this is its error response.</summary>
public sealed class RateLimiterApiException : Exception
{
    /// <summary>Creates the exception from a response.</summary>
    /// <param name="message">The message for a response without a problem document.</param>
    /// <param name="statusCode">Its HTTP status.</param>
    /// <param name="response">Its body.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="innerException">The cause, when the response could not be read.</param>
    public RateLimiterApiException(
        string message,
        int statusCode,
        string? response,
        IReadOnlyDictionary<string, IEnumerable<string>> headers,
        Exception? innerException
    )
        : this(message, statusCode, RateLimiterProblem.Parse(response), headers, innerException) { }

    internal RateLimiterApiException(int statusCode, RateLimiterProblem? problem)
        : this("There is no decision.", statusCode, problem, NoHeaders, null) { }

    private RateLimiterApiException(
        string message,
        int statusCode,
        RateLimiterProblem? problem,
        IReadOnlyDictionary<string, IEnumerable<string>> headers,
        Exception? innerException
    )
        : base(
            problem is null ? message : $"RateLimiter answered {statusCode}: {problem.Describe()}",
            innerException
        )
    {
        StatusCode = statusCode;
        Problem = problem;
        Headers = headers;
    }

    private static readonly Dictionary<string, IEnumerable<string>> NoHeaders = [];

    /// <summary>The HTTP status of the response, or of the item of a batch.</summary>
    public int StatusCode { get; }

    /// <summary>The problem document of the service; null when something else responded in its place.</summary>
    public RateLimiterProblem? Problem { get; }

    /// <summary>The headers of the response; none for an item of a batch.</summary>
    public IReadOnlyDictionary<string, IEnumerable<string>> Headers { get; }
}
