using RateLimiter.Application.Configuration;

namespace RateLimiter.Api.Hosting;

/// <summary>How the service ends.</summary>
public sealed class ShutdownOptions
{
    public const string Section = "Shutdown";
    public const int MaxDelayMs = 60_000;

    /// <summary>
    /// How long it still serves after it was told to stop, in milliseconds, while <c>/health/ready</c> says that it will
    /// not: as long as whoever sends it requests needs to notice. 0 to 60,000, default 500.
    /// </summary>
    [Bounds(0, MaxDelayMs)]
    public int DelayMs { get; set; } = 500;
}
