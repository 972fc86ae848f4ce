using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Clients;

/// <summary>How much client data an instance keeps in memory.</summary>
public sealed class ClientOptions
{
    public const string Section = "Clients";
    public const long MinCachedBytes = 1 << 20;
    public const long MaxMaxCachedBytes = 1L << 40;

    /// <summary>
    /// The maximum memory for the keys and policies of clients, in bytes; 1 MiB to 1 TiB, default 256 MiB. The least used
    /// clients are evicted first; one is always kept.
    /// </summary>
    [Bounds(MinCachedBytes, MaxMaxCachedBytes)]
    public long MaxCachedBytes { get; set; } = 256 * 1024 * 1024;
}
