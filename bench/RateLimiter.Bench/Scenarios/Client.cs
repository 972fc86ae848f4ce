using System.Globalization;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>The decisions that one process gets through the package for .NET, with and without batching.</summary>
internal static class Client
{
    private const int Users = 10_000;
    private const int Few = 64;
    private const int Many = 512;

    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        // One service for all variants: only the client differs.
        var service = await ServiceTarget.StartAsync(Throughput.Rules);
        Variant[] variants =
        [
            new(Few, Batching: false),
            new(Few, Batching: true),
            new(Many, Batching: false),
            new(Many, Batching: true),
        ];
        var decisions = 0L;

        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var variant in variants)
            {
                var result = await MeasureAsync(service, variant, settings);
                service.ThrowIfTroubled();
                decisions += result.WarmUpDecisions + result.Decisions;
                variant.Rounds.Add(result);
                await Console.Error.WriteLineAsync(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"  round {round}, {variant.Name}: {result.DecisionsPerSecond:N0}/s"
                    )
                );
            }
        }

        await ThrowIfMiscountedAsync(service, decisions);
        return new Outcome(
            $"{Compare(variants)}",
            new Figure("client, batching / without", variants[1].RatioTo(variants[0])),
            new Figure(
                "client of 512 callers, batching / without",
                variants[3].RatioTo(variants[2])
            )
        );
    }

    private static Task<ClientResult> MeasureAsync(
        ServiceTarget service,
        Variant variant,
        Settings settings
    ) =>
        ClientProcess.MeasureAsync(
            new ClientLoad(
                service.Address,
                service.Server.Id,
                service.ApiKey,
                Throughput.Allowed.Route,
                Users,
                variant.Callers,
                variant.Batching,
                settings.WarmUp,
                settings.Duration
            )
        );

    // No request was in flight when a process exited, so the numbers are equal.
    private static async Task ThrowIfMiscountedAsync(ServiceTarget service, long decisions)
    {
        var used = await service.CountUsedAsync(Throughput.Allowed.Route, Users);
        if (used != decisions)
        {
            throw new BenchException(
                $"{service.Name} counted {used} permits; {decisions} checks were answered."
            );
        }
    }

    // Each variant is compared with the one without batching that has the same number of callers.
    private static Table Compare(Variant[] variants)
    {
        var table = new Table(
            "callers",
            "batching",
            "decisions/s",
            "p50, ms",
            "p99, ms",
            "client, µs of CPU/decision",
            "server, µs of CPU/decision",
            "× without batching"
        );
        foreach (var variant in variants)
        {
            var without = variants.Single(it => it.Callers == variant.Callers && !it.Batching);
            table.Add(
                $"{variant.Callers}",
                variant.Batching ? "on" : "off",
                Table.Cell(variant.Median(round => round.DecisionsPerSecond)),
                Table.Cell(variant.Median(round => round.P50.TotalMilliseconds), 2),
                Table.Cell(variant.Median(round => round.P99.TotalMilliseconds), 2),
                Table.Cell(variant.MicrosecondsPerDecision(round => round.Cpu), 1),
                Table.Cell(variant.MicrosecondsPerDecision(round => round.ServerCpu), 1),
                Table.Cell(variant.RatioTo(without), 2)
            );
        }

        return table;
    }

    private sealed record Variant(int Callers, bool Batching)
    {
        public List<ClientResult> Rounds { get; } = [];

        public string Name => $"{Callers} callers, {(Batching ? "with" : "without")} batching";

        public double Median(Func<ClientResult, double> figure) =>
            Settings.Median(Rounds.Select(figure));

        public double MicrosecondsPerDecision(Func<ClientResult, TimeSpan> time) =>
            Median(round => time(round).TotalMicroseconds / round.Decisions);

        /// <summary>The rate as a multiple of another's.</summary>
        public double RatioTo(Variant other) =>
            Settings.Median(
                Rounds.Zip(
                    other.Rounds,
                    (one, another) => one.DecisionsPerSecond / another.DecisionsPerSecond
                )
            );
    }
}
