using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Clients;

/// <summary>How much client data an instance keeps in memory.</summary>
public sealed class ClientOptions
{
    public const string Section = "Clients";
    public const long MinCachedBytes = 1 << 20;
    public const long MaxMaxCachedBytes = 1L << 40;

    /// <summary>
    /// What keys and policies of clients may take up in the memory of an instance, by estimate, in bytes. The least used
    /// clients are evicted first, and loaded again at their next request; one is always kept.
    /// </summary>
    [Bounds(MinCachedBytes, MaxMaxCachedBytes)]
    public long MaxCachedBytes { get; set; } = 256 * 1024 * 1024;
}
