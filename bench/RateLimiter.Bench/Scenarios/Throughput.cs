using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>The maximum rate of checks of the service, the baseline and the peers.</summary>
internal static class Throughput
{
    private const int AYear = 31_536_000;

    /// <summary>The rule of the usual load, which always allows, and the rule of the probe.</summary>
    public static Rule[] Rules { get; } =
    [new("allowed", new Limit(1_000_000_000, AYear)), Probe.Rule];

    /// <summary>Single checks that are allowed.</summary>
    public static Load Allowed { get; } = new(Rules[0].Route);

    public static async Task<Outcome> MeasureAllowedAsync(Settings settings)
    {
        var contenders = await StartAsync(Rules, settings);
        await Contender.RaceAsync(settings, contenders);
        foreach (var contender in contenders.Where(contender => contender.Target.Decides))
        {
            await contender.ThrowIfMiscountedAsync();
        }

        var service = contenders[^1];
        List<Figure> figures =
        [
            new("allowed / bare", service.RatioTo(contenders[0], settings)),
            new("scripts / check", service.Median(round => round.Scripts!.Value)),
        ];
        if (contenders.FirstOrDefault(contender => contender.Target is NginxTarget) is { } nginx)
        {
            figures.Add(new Figure("allowed / nginx", service.RatioTo(nginx, settings)));
        }

        return new Outcome($"{Comparison.Of(settings, contenders)}", figures);
    }

    public static async Task<Outcome> MeasureDeniedAsync(Settings settings)
    {
        Rule[] rules = [new("denied", new Limit(1, AYear)), Probe.Rule];
        var contenders = await StartAsync(rules, settings);
        foreach (var contender in contenders)
        {
            await UseUpAsync(contender, settings.WarmUp);
        }

        await Contender.RaceAsync(settings, contenders);
        await contenders[^1].ThrowIfNotDeniedAsync();
        return new Outcome(
            $"{Comparison.Of(settings, contenders)}",
            new Figure("denied / bare", contenders[^1].RatioTo(contenders[0], settings))
        );
    }

    // Fewer connections, because each sends a hundred checks at once.
    public static async Task<Outcome> MeasureBatchAsync(Settings settings)
    {
        var bare = new Contender(await BareTarget.StartAsync(), Allowed);
        var service = new Contender(
            await ServiceTarget.StartAsync(Rules),
            Allowed with
            {
                Batch = 100,
                Connections = 8,
            }
        );
        await Contender.RaceAsync(settings, bare, service);
        await service.ThrowIfMiscountedAsync();
        return new Outcome(
            $"{Comparison.Of(settings, bare, service)}",
            new Figure("batch", service.Median(round => round.ChecksPerSecond)),
            new Figure("batch / bare", service.RatioTo(bare, settings))
        );
    }

    // After a run over all users, no user has a permit left.
    private static async Task UseUpAsync(Contender contender, TimeSpan duration)
    {
        while (
            (await contender.Load.RunAsync(contender.Target, duration)).Requests
            < contender.Load.Users
        )
        {
            duration *= 2;
        }
    }

    // The baseline is the first, the service is the last.
    private static async Task<IReadOnlyList<Contender>> StartAsync(Rule[] rules, Settings settings)
    {
        List<Target> targets = [await BareTarget.StartAsync()];
        if (!settings.WithoutPeers)
        {
            targets.Add(await FastifyTarget.StartAsync(rules));
            targets.Add(await NginxTarget.StartAsync(rules));
        }

        targets.Add(await ServiceTarget.StartAsync(rules));
        return [.. targets.Select(target => new Contender(target, new Load(rules[0].Route)))];
    }
}
