using RateLimiter.Application.Configuration;

namespace RateLimiter.Api.Hosting;

/// <summary>How the service stops.</summary>
public sealed class ShutdownOptions
{
    public const string Section = "Shutdown";
    public const int MaxDelayMs = 60_000;

    /// <summary>
    /// How long the service still serves after the signal to stop, in milliseconds, while <c>/health/ready</c> reports it as
    /// not ready: as long as a load balancer needs to notice.
    /// </summary>
    [Bounds(0, MaxDelayMs)]
    public int DelayMs { get; set; } = 500;
}
