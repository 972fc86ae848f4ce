using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>The algorithms beside each other, with limits that always allow.</summary>
internal static class Algorithms
{
    private const int Plenty = 1_000_000;

    private static readonly Limit FixedWindow = new(Plenty, 60);
    private static readonly Limit SlidingWindow = new(Plenty, 60, "sliding_window");
    private static readonly Limit TokenBucket = new(Plenty, 60, "token_bucket");

    private static readonly Rule[] Rules =
    [
        new("fixed_window", FixedWindow),
        new("sliding_window", SlidingWindow),
        // Each user comes a few times a second.
        new("sliding_log", new Limit(10_000, 1, "sliding_log")),
        new("token_bucket", TokenBucket),
        new("leaky_bucket", new Limit(Plenty, 60, "leaky_bucket", Burst: Plenty)),
        new(
            "three limits",
            FixedWindow,
            SlidingWindow with
            {
                WindowSeconds = 3600,
            },
            TokenBucket with
            {
                WindowSeconds = 7200,
            }
        ),
    ];

    public static async Task<Outcome> RunAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        var service = owned.Add(
            await ServiceTarget.StartAsync([.. Rules, Probe.Rule], cancellationToken)
        );
        var contenders = Rules
            .Select(rule => new Contender(rule.Route, service, new Load(rule.Route)))
            .ToList();
        await Contender.RaceAsync(contenders, settings, cancellationToken);
        var figures = contenders
            .Skip(1)
            .Select(contender => new Figure(
                $"{contender.Name} / {contenders[0].Name}",
                Throughput.Ratio(contender, contenders[0], settings)
            ));
        return new Outcome($"{Table.Of(contenders, settings)}", [.. figures]);
    }
}
