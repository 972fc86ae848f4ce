using RateLimiter.Application.Configuration;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>The store that runs inside this process when no Redis is configured.</summary>
public sealed class EmbeddedOptions
{
    public const string Section = "Embedded";

    /// <summary>The data directory; created when missing. Only one process can use a directory at a time.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>
    /// The most memory that its data may use, in bytes; 64 MiB to 1 TiB, default 8 GiB. Beyond it nothing new is stored
    /// until there is room again.
    /// </summary>
    [Bounds(64 << 20, 1L << 40)]
    public long MaxBytes { get; set; } = 8L << 30;
}
