namespace RateLimiter.Api.Logs;

/// <summary>Which entries of the logs are given.</summary>
public enum LogKinds
{
    Decisions,

    /// <summary>Also the changes of counters that no check made.</summary>
    All,
}
