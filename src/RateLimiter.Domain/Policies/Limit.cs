using System.Security.Cryptography;

namespace RateLimiter.Domain.Policies;

/// <summary>How permits are counted.</summary>
public enum Algorithm
{
    /// <summary>A counter that starts at the first permit and is forgotten when its window ends.</summary>
    FixedWindow,
}

/// <summary>So many permits in such a window.</summary>
/// <param name="Name">What the caller sees in <c>violated</c> and in the RateLimit headers.</param>
/// <param name="Algorithm">How permits are counted.</param>
/// <param name="Permits">0 to <see cref="MaxPermits"/>; 0 blocks everything.</param>
/// <param name="Window">Whole seconds, 1 to <see cref="MaxWindowSeconds"/>.</param>
public sealed record Limit(string Name, Algorithm Algorithm, long Permits, TimeSpan Window)
{
    public const string DefaultName = "default";
    public const long MaxPermits = 1_000_000_000;
    public const int MaxWindowSeconds = 31_536_000;

    /// <summary>
    /// Part of the names of this limit's counters. A new epoch starts them all afresh without a search for the old
    /// ones, which run out by themselves. 65 random bits.
    /// </summary>
    public string Epoch { get; init; } = NewEpoch();

    /// <summary>Takes over the counters of an earlier form of this limit, where they still mean the same.</summary>
    internal Limit Continue(IEnumerable<Limit> earlier)
    {
        var counted = earlier.FirstOrDefault(limit =>
            limit.Name == Name && limit.Algorithm == Algorithm && limit.Window == Window
        );
        return counted is null ? this : this with { Epoch = counted.Epoch };
    }

    private static string NewEpoch() =>
        RandomNumberGenerator.GetString(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            11
        );
}
