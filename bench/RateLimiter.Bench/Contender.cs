using System.Globalization;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>A target under a load, and what was measured of it.</summary>
internal sealed class Contender(string name, Target target, Load load)
{
    private const int MostWarmUps = 6;

    /// <summary>How much faster it must have become to be warmed up further.</summary>
    private const double StillWarming = 1.05;

    private readonly List<Measurement> rounds = [];
    private long sent;
    private int runs;

    public Contender(Target target, Load load)
        : this(target.Name, target, load) { }

    public string Name => name;

    public Target Target => target;

    public Load Load => load;

    public IReadOnlyList<Measurement> Rounds => rounds;

    /// <summary>Warms all up, then measures them in turn, round by round.</summary>
    public static async Task RaceAsync(
        IReadOnlyList<Contender> contenders,
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        foreach (var target in contenders.Select(contender => contender.Target).Distinct())
        {
            if (target.Decides)
            {
                await new Probe(target).ThrowIfInexactAsync(cancellationToken);
            }
        }

        foreach (var contender in contenders)
        {
            await contender.WarmUpAsync(settings.WarmUp, cancellationToken);
        }

        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                await contender.MeasureAsync(settings.Duration, cancellationToken);
                await Console.Error.WriteLineAsync(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"  round {round}, {contender.Name}: {contender.rounds[^1].ChecksPerSecond:N0}/s"
                    )
                );
            }
        }
    }

    public double Median(Func<Measurement, double> figure) =>
        Settings.Median(rounds.Select(figure));

    /// <summary>A figure of each round, as a multiple of another's in the same round.</summary>
    public IEnumerable<double> Ratios(Contender other, Func<Measurement, double> figure) =>
        rounds.Zip(other.rounds, (one, another) => figure(one) / figure(another));

    /// <summary>Looks whether the target has counted every check that was sent, and no more.</summary>
    public async Task ThrowIfMiscountedAsync(CancellationToken cancellationToken)
    {
        var used = await target.CountUsedAsync(load.Route, load.Users, cancellationToken);
        // At the end of a run each connection may have one request under way, which counts or does not.
        var underway = runs * load.Connections * load.Checks;
        if (used < sent || used > sent + underway)
        {
            throw new BenchException(
                $"{name} counted {used} permits; {sent} checks were answered, at most {underway} were under way."
            );
        }
    }

    /// <summary>Looks whether each user has used exactly one permit: all that came later was denied, and took nothing.</summary>
    public async Task ThrowIfNotDeniedAsync(CancellationToken cancellationToken)
    {
        var used = await target.CountUsedAsync(load.Route, load.Users, cancellationToken);
        if (used != load.Users)
        {
            throw new BenchException($"{name} gave {used} permits to {load.Users} users of one.");
        }
    }

    // The runtime compiles what is busy again and again, later on a busy machine than on an idle one.
    private async Task WarmUpAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var (rate, earlier) = (0.0, 0.0);
        for (var run = 0; run < MostWarmUps && rate >= earlier * StillWarming; run++)
        {
            var result = await load.RunAsync(target, duration, cancellationToken);
            Count(result);
            (rate, earlier) = (result.RequestsPerSecond, rate);
        }
    }

    private async Task MeasureAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var measurement = await Measurement.TakeAsync(target, load, duration, cancellationToken);
        rounds.Add(measurement);
        Count(measurement.Load);
    }

    private void Count(LoadResult result)
    {
        sent += result.Requests * load.Checks;
        runs++;
    }
}
