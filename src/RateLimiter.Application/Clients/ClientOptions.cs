using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Clients;

/// <summary>How much of the clients is kept in the memory of an instance.</summary>
public sealed class ClientOptions
{
    public const string Section = "Clients";
    public const long MinCachedBytes = 1 << 20;
    public const long MaxMaxCachedBytes = 1L << 40;

    /// <summary>
    /// What keys and policies of clients may take up in memory, in bytes; 1 MiB to 1 TiB, default 256 MiB. The clients that
    /// are used least go first; one is always kept.
    /// </summary>
    [Bounds(MinCachedBytes, MaxMaxCachedBytes)]
    public long MaxCachedBytes { get; set; } = 256 * 1024 * 1024;
}
