using System.Text.Json;

namespace RateLimiter.Bench.Targets;

/// <summary>Another rate limiter. Its rules are settings, and its counters are plain numbers in Redis.</summary>
internal abstract class Peer : Target
{
    public override Task<long> CountUsedAsync(string route, int users) =>
        Store!.SumAsync($"{route}:");

    protected static Dictionary<string, string> Settings(
        RedisServer store,
        IEnumerable<Rule> rules
    ) =>
        new()
        {
            ["API_KEY"] = MadeUpKey,
            ["REDIS_PORT"] = $"{store.Port}",
            ["ROUTES"] = JsonSerializer.Serialize(
                rules.ToDictionary(
                    rule => rule.Route,
                    rule => new
                    {
                        limit = rule.Limits[0].Permits,
                        window_ms = rule.Limits[0].WindowSeconds * 1000L,
                    }
                )
            ),
        };
}
