namespace RateLimiting.Client;

/// <summary>The service refused: it has answered, and this is what it said.</summary>
public sealed class RateLimiterApiException : Exception
{
    /// <summary>Made of an answer.</summary>
    /// <param name="message">What to say of an answer without a problem.</param>
    /// <param name="statusCode">Its HTTP status.</param>
    /// <param name="response">Its body.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="innerException">What broke, when the answer could not be read.</param>
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

    /// <summary>The HTTP status of the answer, or of the item of a batch.</summary>
    public int StatusCode { get; }

    /// <summary>What the service says about it; null when something else answered in its place.</summary>
    public RateLimiterProblem? Problem { get; }

    /// <summary>The headers of the answer; none for an item of a batch.</summary>
    public IReadOnlyDictionary<string, IEnumerable<string>> Headers { get; }
}
