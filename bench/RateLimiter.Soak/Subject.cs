using RateLimiter.Bench;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Soak;

/// <summary>A client of the service.</summary>
/// <param name="Name">Its name in messages.</param>
/// <param name="OnStoreFailure">The failure mode of its policies; null when they have none.</param>
/// <param name="Callers">A caller with its API key for each instance.</param>
internal sealed record Tenant(
    string Name,
    string? OnStoreFailure,
    IReadOnlyList<HttpClient> Callers
)
{
    private const int Attempts = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<Tenant> RegisterAsync(
        Deployment deployment,
        string name,
        string? onStoreFailure,
        IEnumerable<Rule> rules
    )
    {
        var own = rules.Select(rule => rule with { OnStoreFailure = onStoreFailure }).ToList();
        var key = await RegisterAsync(deployment.Instances[0].Service, own);
        return new Tenant(name, onStoreFailure, [.. deployment.Instances.Select(Caller)]);

        HttpClient Caller(Instance instance)
        {
            var caller = instance.Service.CreateClient(key);
            caller.Timeout = Patience;
            return caller;
        }
    }

    // A service that has just started on a busy machine may not reach its store in time.
    private static async Task<string> RegisterAsync(ServiceTarget service, List<Rule> rules)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await service.RegisterAsync(rules);
            }
            catch (BenchException) when (attempt < Attempts)
            {
                await Task.Delay(Patience / Attempts);
            }
        }
    }
}

/// <summary>A user on a route of a tenant, with limits of their own.</summary>
internal sealed record Subject(Tenant Tenant, Rule Rule, string User)
{
    /// <summary>
    /// Whether no permits are replenished while the tool runs, except for what trickles into buckets.
    /// </summary>
    public bool IsExact => Rule.Limits.All(limit => limit.WindowSeconds >= Mix.LongWindow);

    /// <summary>The most permits that all limits give together in a time that begins with the first.</summary>
    public double MostPermits(TimeSpan time) => Rule.Limits.Min(limit => MostPermits(limit, time));

    public override string ToString() => $"{User} on {Rule.Route} of {Tenant.Name}";

    private static double MostPermits(Limit limit, TimeSpan time)
    {
        var windows = time.TotalSeconds / limit.WindowSeconds;
        return limit.Algorithm switch
        {
            "fixed_window" or "sliding_log" => limit.Permits * (1 + Math.Floor(windows)),
            "sliding_window" => limit.Permits * (1 + windows),
            "token_bucket" => (limit.Burst ?? limit.Permits) + limit.Permits * windows,
            "leaky_bucket" => (limit.Burst ?? 1) + limit.Permits * windows,
            _ => throw new BenchException($"What {limit.Algorithm} gives is not known."),
        };
    }
}
