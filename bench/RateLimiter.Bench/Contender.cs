using System.Globalization;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>A target under a load, and its measurements.</summary>
internal sealed class Contender(string name, Target target, Load load)
{
    private readonly List<Measurement> rounds = [];
    private long sent;
    private int runs;

    public Contender(Target target, Load load)
        : this(target.Name, target, load) { }

    public string Name => name;

    public Target Target => target;

    public Load Load => load;

    /// <summary>Warms all contenders up, then measures them in turn, round by round.</summary>
    public static async Task RaceAsync(
        Settings settings,
        params IReadOnlyList<Contender> contenders
    )
    {
        foreach (var target in contenders.Select(contender => contender.Target).Distinct())
        {
            if (target.Decides)
            {
                await new Probe(target).ThrowIfInexactAsync();
            }
        }

        foreach (var contender in contenders)
        {
            await contender.WarmUpAsync(settings.WarmUp);
        }

        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                await contender.MeasureAsync(settings.Duration);
                var rate = contender.rounds[^1].ChecksPerSecond;
                await Console.Error.WriteLineAsync(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"  round {round}, {contender.Name}: {rate:N0}/s"
                    )
                );
            }
        }
    }

    public double Median(Func<Measurement, double> figure) =>
        Settings.Median(rounds.Select(figure));

    /// <summary>The rate as a multiple of another's.</summary>
    public double RatioTo(Contender other, Settings settings) =>
        settings.Best
            ? rounds.Max(round => round.ChecksPerSecond)
                / other.rounds.Max(round => round.ChecksPerSecond)
            : Settings.Median(Ratios(other, round => round.ChecksPerSecond));

    /// <summary>A figure of each round, as a multiple of another's in the same round.</summary>
    public IEnumerable<double> Ratios(Contender other, Func<Measurement, double> figure) =>
        rounds.Zip(other.rounds, (one, another) => figure(one) / figure(another));

    /// <summary>Verifies that the target has counted every check that was sent, and no more.</summary>
    public async Task ThrowIfMiscountedAsync()
    {
        var used = await target.CountUsedAsync(load.Route, load.Users);
        // At the end of a run each connection may have one request in flight, which may or may not count.
        var underway = runs * load.Connections * load.ChecksPerRequest;
        if (used < sent || used > sent + underway)
        {
            throw new BenchException(
                $"{name} counted {used} permits; {sent} checks were answered, at most {underway} were under way."
            );
        }
    }

    /// <summary>Verifies that each user has used one permit: all later checks were denied, and took nothing.</summary>
    public async Task ThrowIfNotDeniedAsync()
    {
        var used = await target.CountUsedAsync(load.Route, load.Users);
        if (used != load.Users)
        {
            throw new BenchException($"{name} gave {used} permits to {load.Users} users of one.");
        }
    }

    private Task WarmUpAsync(TimeSpan duration) =>
        WarmUp.RunAsync(async () =>
        {
            var result = await load.RunAsync(target, duration);
            Count(result);
            return result.RequestsPerSecond;
        });

    private async Task MeasureAsync(TimeSpan duration)
    {
        var measurement = await Measurement.TakeAsync(target, load, duration);
        rounds.Add(measurement);
        Count(measurement.Load);
    }

    private void Count(LoadResult result)
    {
        sent += result.Requests * load.ChecksPerRequest;
        runs++;
    }
}
