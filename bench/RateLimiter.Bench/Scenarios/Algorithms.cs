using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>Compares the algorithms, with limits that always allow.</summary>
internal static class Algorithms
{
    private const int Plenty = 1_000_000;

    private static readonly Rule[] Rules =
    [
        new("fixed_window", new Limit(Plenty, 60)),
        new("sliding_window", new Limit(Plenty, 60, "sliding_window")),
        // Each user is checked a few times a second.
        new("sliding_log", new Limit(10_000, 1, "sliding_log")),
        new("token_bucket", new Limit(Plenty, 60, "token_bucket")),
        new("leaky_bucket", new Limit(Plenty, 60, "leaky_bucket", Burst: Plenty)),
        new("calendar", new Limit(Plenty, 0, "calendar") { Period = "day" }),
        new(
            "three limits",
            new Limit(Plenty, 60),
            new Limit(Plenty, 120, "sliding_window"),
            new Limit(Plenty, 240, "token_bucket")
        ),
    ];

    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        var service = await ServiceTarget.StartAsync([.. Rules, Probe.Rule]);
        Contender[] contenders =
        [
            .. Rules.Select(rule => new Contender(rule.Route, service, new Load(rule.Route))),
        ];
        await Contender.RaceAsync(settings, contenders);
        var figures = contenders[1..]
            .Select(contender => new Figure(
                $"{contender.Name} / {contenders[0].Name}",
                contender.RatioTo(contenders[0], settings)
            ));
        return new Outcome($"{Comparison.Of(settings, contenders)}", [.. figures]);
    }
}
