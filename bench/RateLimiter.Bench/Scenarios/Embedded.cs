using System.Diagnostics;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>Compares the embedded store with Redis: throughput, start and memory.</summary>
internal static class Embedded
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        Contender redis = new(await ServiceTarget.StartAsync(Throughput.Rules), Throughput.Allowed);
        Contender embedded = new(
            await ServiceTarget.StartEmbeddedAsync(Throughput.Rules),
            Throughput.Allowed
        );
        await Contender.RaceAsync(settings, redis, embedded);
        await redis.ThrowIfMiscountedAsync();
        await embedded.ThrowIfMiscountedAsync();
        var throughput = Comparison.Of(settings, redis, embedded);
        var ratio = new Figure("embedded / redis", embedded.RatioTo(redis, settings));
        if (settings.Best)
        {
            // Times and sizes are not ratios.
            return new Outcome($"{throughput}", ratio);
        }

        var store = await RedisServer.StartAsync();
        var (seconds, megabytes) = await StartOverAsync(store, settings.Rounds);
        var (ownSeconds, ownMegabytes) = await StartOverAsync(store: null, settings.Rounds);
        var starts = new Table("", "start to first check answered, s", "resident when idle, MB")
            .Add(redis.Name, Table.Cell(seconds, 2), Table.Cell(megabytes))
            .Add(embedded.Name, Table.Cell(ownSeconds, 2), Table.Cell(ownMegabytes));
        return new Outcome(
            $"{throughput}\n{starts}",
            ratio,
            new Figure("start", seconds),
            new Figure("start, embedded", ownSeconds),
            new Figure("memory", megabytes),
            new Figure("memory, embedded", ownMegabytes)
        );
    }

    // The client and its policy exist already, so that the first request is a check.
    private static async Task<(double Seconds, double Megabytes)> StartOverAsync(
        RedisServer? store,
        int rounds
    )
    {
        using var folder = new TemporaryFolder();
        var first = await ServiceTarget.RunAsync(folder, store);
        var apiKey = await first.RegisterAsync([Probe.Rule]);
        first.Server.Dispose();

        List<double> seconds = [];
        List<double> megabytes = [];
        for (var round = 0; round < rounds; round++)
        {
            var time = Stopwatch.StartNew();
            var service = await ServiceTarget.RunAsync(folder, store, apiKey);
            await new Probe(service).AskOnceAsync();
            seconds.Add(time.Elapsed.TotalSeconds);
            await Task.Delay(Idle);
            megabytes.Add(service.Server.ResidentMegabytes);
            service.Server.Dispose();
        }

        return (Settings.Median(seconds), Settings.Median(megabytes));
    }
}
