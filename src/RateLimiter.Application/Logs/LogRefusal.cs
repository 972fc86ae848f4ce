namespace RateLimiter.Application.Logs;

/// <summary>Why decisions cannot be followed, in words.</summary>
public static class LogRefusal
{
    /// <summary>The client, or the instance, has the most streams that may be open.</summary>
    public const string TooManyStreams = "Too many streams are open.";
}
