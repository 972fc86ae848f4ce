using RateLimiter.Application.Configuration;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>The store that runs inside this process when no Redis is configured.</summary>
public sealed class EmbeddedOptions
{
    public const string Section = "Embedded";

    /// <summary>Where its files are; made when missing. Only one process can use a folder at a time.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>
    /// What its data may take up in memory, in bytes; 64 MiB to 1 TiB, default 8 GiB. Beyond it nothing new is kept, until
    /// there is room again.
    /// </summary>
    [Bounds(64 << 20, 1L << 40)]
    public long MaxBytes { get; set; } = 8L << 30;
}
