using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Logs;

/// <summary>How much of the decisions is kept.</summary>
public sealed class LogOptions
{
    public const string Section = "Log";

    /// <summary>
    /// The newest decisions of each client that are kept, and as many of its changes of counters, at about 300 bytes each in the
    /// store. A simulation of a policy replays them.
    /// </summary>
    [Bounds(1000, 100_000)]
    public int MaxEntries { get; set; } = 1000;
}
