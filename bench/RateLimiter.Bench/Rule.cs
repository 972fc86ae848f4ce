namespace RateLimiter.Bench;

/// <summary>What users may do on a route, by all of its limits.</summary>
internal sealed record Rule(string Route, params IReadOnlyList<Limit> Limits);

/// <param name="Permits">The permits in a window.</param>
/// <param name="WindowSeconds">The window, in seconds.</param>
/// <param name="Algorithm">The algorithm, as the service names it. The peers know only the fixed window.</param>
/// <param name="Burst">The size of a bucket.</param>
internal sealed record Limit(
    long Permits,
    int WindowSeconds,
    string Algorithm = "fixed_window",
    long? Burst = null
);
