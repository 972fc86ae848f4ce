using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Logs;

/// <summary>Limits on the streams of decisions: how many are open at once, and how many events they get.</summary>
public sealed class StreamOptions
{
    public const string Section = "Streams";

    /// <summary>The most open streams of one client on each instance.</summary>
    [Bounds(0, 100_000)]
    public int MaxPerClient { get; set; } = 100;

    /// <summary>The most open streams of all clients on each instance.</summary>
    [Bounds(0, 100_000)]
    public int MaxPerInstance { get; set; } = 2000;

    /// <summary>The most decisions per second for each stream; those above it are dropped and counted.</summary>
    [Bounds(1, 1_000_000)]
    public int EventsPerSecond { get; set; } = 1000;

    /// <summary>
    /// The most decisions per second for all streams on each instance together, in equal parts. The default is so low that
    /// streams hardly slow down checks, however many are open.
    /// </summary>
    [Bounds(1, 100_000_000)]
    public int EventsPerSecondPerInstance { get; set; } = 50_000;
}
