using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>As many checks as are answered, of the service, the yardstick and the peers.</summary>
internal static class Throughput
{
    /// <summary>The rule of the usual load: it always allows.</summary>
    public static Rule Allowing { get; } =
        new("allowed", new Limit(1_000_000_000, WindowSeconds: 31_536_000));

    // What is used of it at the end of the warm-up stays used.
    private static readonly Rule Denying = new("denied", new Limit(1, WindowSeconds: 31_536_000));

    public static async Task<Outcome> AllowedAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        var contenders = await StartAsync(owned, Allowing, settings, cancellationToken);
        await Contender.RaceAsync(contenders, settings, cancellationToken);
        foreach (var contender in contenders.Where(contender => contender.Target.Decides))
        {
            await contender.ThrowIfMiscountedAsync(cancellationToken);
        }

        var service = contenders[^1];
        List<Figure> figures =
        [
            new("allowed / bare", Ratio(service, contenders[0], settings)),
            new(
                "scripts / check",
                settings.Pick(service.Rounds.Select(round => round.Scripts!.Value), true)
            ),
        ];
        if (contenders.FirstOrDefault(contender => contender.Target is NginxTarget) is { } nginx)
        {
            figures.Add(new Figure("allowed / nginx", Ratio(service, nginx, settings)));
        }

        return new Outcome($"{Table.Of(contenders, settings)}", figures);
    }

    public static async Task<Outcome> DeniedAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        var contenders = await StartAsync(owned, Denying, settings, cancellationToken);
        await Contender.RaceAsync(contenders, settings, cancellationToken);
        var service = contenders[^1];
        await service.ThrowIfNotDeniedAsync(cancellationToken);
        return new Outcome(
            $"{Table.Of(contenders, settings)}",
            new Figure("denied / bare", Ratio(service, contenders[0], settings))
        );
    }

    public static async Task<Outcome> BatchAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        Rule[] rules = [Allowing, Probe.Rule];
        var bare = new Contender(
            owned.Add(await BareTarget.StartAsync(cancellationToken)),
            new Load(Allowing.Route)
        );
        var service = new Contender(
            owned.Add(await ServiceTarget.StartAsync(rules, cancellationToken)),
            new Load(Allowing.Route) { Batch = 100 }
        );
        await Contender.RaceAsync([bare, service], settings, cancellationToken);
        await service.ThrowIfMiscountedAsync(cancellationToken);
        return new Outcome(
            $"{Table.Of([bare, service], settings)}",
            new Figure("batch", service.Median(round => round.ChecksPerSecond)),
            new Figure("batch / bare", Ratio(service, bare, settings))
        );
    }

    /// <summary>The rate of one as a multiple of another's.</summary>
    public static double Ratio(Contender one, Contender another, Settings settings) =>
        settings.Pick(one.Ratios(another, round => round.ChecksPerSecond));

    // The yardstick is the first, the service is the last.
    private static async Task<IReadOnlyList<Contender>> StartAsync(
        Owned owned,
        Rule rule,
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        TargetStart[] starts = settings.WithoutPeers
            ? [Bare, ServiceTarget.StartAsync]
            : [Bare, FastifyTarget.StartAsync, NginxTarget.StartAsync, ServiceTarget.StartAsync];
        List<Contender> contenders = [];
        foreach (var start in starts)
        {
            var target = owned.Add(await start([rule, Probe.Rule], cancellationToken));
            contenders.Add(new Contender(target, new Load(rule.Route)));
        }

        return contenders;

        static Task<Target> Bare(IReadOnlyList<Rule> rules, CancellationToken cancellation) =>
            BareTarget.StartAsync(cancellation);
    }
}
