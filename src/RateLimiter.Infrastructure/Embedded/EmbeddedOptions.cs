using RateLimiter.Application.Configuration;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>The store that runs inside the process of the service when no Redis is configured.</summary>
public sealed class EmbeddedOptions
{
    public const string Section = "Embedded";

    /// <summary>
    /// Where the store keeps its files; created when missing. Only one process can use a directory at a time.
    /// </summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>
    /// The most memory that its data may take up, in bytes; beyond it
    /// <see href="docs/operations.md#when-the-embedded-store-is-full">nothing new is kept</see> until there is room again.
    /// </summary>
    [Bounds(64 << 20, 1L << 40)]
    public long MaxBytes { get; set; } = 8L << 30;
}
