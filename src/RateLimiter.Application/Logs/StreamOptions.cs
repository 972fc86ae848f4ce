using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Logs;

/// <summary>How many follow the logs of decisions at once, and how much they get.</summary>
public sealed class StreamOptions
{
    public const string Section = "Streams";

    /// <summary>Of one client on each instance; 0 to 100,000, default 100.</summary>
    [Bounds(0, 100_000)]
    public int MaxPerClient { get; set; } = 100;

    /// <summary>Of all clients on each instance; 0 to 100,000, default 2000.</summary>
    [Bounds(0, 100_000)]
    public int MaxPerInstance { get; set; } = 2000;

    /// <summary>
    /// How many decisions a second each of them gets at most; those above it are left out, and counted. 1 to 1,000,000,
    /// default 1000.
    /// </summary>
    [Bounds(1, 1_000_000)]
    public int EventsPerSecond { get; set; } = 1000;

    /// <summary>
    /// How many all of them get together on each instance, in equal parts; 1 to 100,000,000, default 50,000: so few that they
    /// take little from the checks, however many they are.
    /// </summary>
    [Bounds(1, 100_000_000)]
    public int EventsPerSecondPerInstance { get; set; } = 50_000;
}
