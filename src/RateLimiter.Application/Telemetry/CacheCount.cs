using System.Diagnostics.Metrics;

namespace RateLimiter.Application.Telemetry;

/// <summary>Counts the hits and misses of an in-memory cache.</summary>
public sealed class CacheCount
{
    private const int Hits = 0;
    private const int Misses = 1;

    private static readonly KeyValuePair<string, object?> Hit = new("result", "hit");
    private static readonly KeyValuePair<string, object?> Miss = new("result", "miss");

    private readonly StripedCount counts = new(kinds: 2);

    public void Add(bool isHit) => counts.Add(isHit ? Hits : Misses);

    public IEnumerable<Measurement<long>> Observe() =>
        [new(counts.Read(Hits), Hit), new(counts.Read(Misses), Miss)];
}
