using System.Diagnostics;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>The embedded store beside Redis: throughput, start and memory.</summary>
internal static class Embedded
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    public static async Task<Outcome> RunAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        Rule[] rules = [Throughput.Allowing, Probe.Rule];
        var load = new Load(Throughput.Allowing.Route);
        Contender[] contenders =
        [
            new(owned.Add(await ServiceTarget.StartAsync(rules, cancellationToken)), load),
            new(owned.Add(await ServiceTarget.StartEmbeddedAsync(rules, cancellationToken)), load),
        ];
        await Contender.RaceAsync(contenders, settings, cancellationToken);
        foreach (var contender in contenders)
        {
            await contender.ThrowIfMiscountedAsync(cancellationToken);
        }

        var throughput = Table.Of(contenders, settings);
        var ratio = new Figure(
            "embedded / redis",
            Throughput.Ratio(contenders[1], contenders[0], settings)
        );
        if (settings.Best)
        {
            // Times and sizes are no ratios.
            return new Outcome($"{throughput}", ratio);
        }

        await using var store = await RedisServer.StartAsync(cancellationToken);
        var redis = await StartsAsync(store, settings.Rounds, cancellationToken);
        var embedded = await StartsAsync(store: null, settings.Rounds, cancellationToken);
        var starts = new Table("", "start to first check answered, s", "resident when idle, MB")
            .Add(contenders[0].Name, Table.Cell(redis.Seconds, 2), Table.Cell(redis.Megabytes))
            .Add(
                contenders[1].Name,
                Table.Cell(embedded.Seconds, 2),
                Table.Cell(embedded.Megabytes)
            );
        return new Outcome(
            $"{throughput}\n{starts}",
            ratio,
            new Figure("start", redis.Seconds),
            new Figure("start, embedded", embedded.Seconds),
            new Figure("memory", redis.Megabytes),
            new Figure("memory, embedded", embedded.Megabytes)
        );
    }

    // The client and its policy are there already, so that the first request is a check.
    private static async Task<(double Seconds, double Megabytes)> StartsAsync(
        RedisServer? store,
        int rounds,
        CancellationToken cancellationToken
    )
    {
        using var folder = new TemporaryFolder();
        var apiKey = "";
        await using (var owned = new Owned())
        {
            var service = await ServiceTarget.StartAsync(
                owned,
                folder,
                store,
                apiKey,
                cancellationToken
            );
            apiKey = await service.RegisterAsync([Probe.Rule], cancellationToken);
        }

        List<double> seconds = [];
        List<double> megabytes = [];
        for (var round = 0; round < rounds; round++)
        {
            await using var owned = new Owned();
            var time = Stopwatch.StartNew();
            var service = await ServiceTarget.StartAsync(
                owned,
                folder,
                store,
                apiKey,
                cancellationToken
            );
            await new Probe(service).AskOnceAsync(cancellationToken);
            seconds.Add(time.Elapsed.TotalSeconds);
            await Task.Delay(Idle, cancellationToken);
            megabytes.Add(service.Server.ResidentMegabytes);
        }

        return (Settings.Median(seconds), Settings.Median(megabytes));
    }
}
