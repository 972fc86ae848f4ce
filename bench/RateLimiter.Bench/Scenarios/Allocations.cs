using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>The bytes that a check allocates, in runs of their own, since counting them costs time.</summary>
internal static class Allocations
{
    public static async Task<Outcome> RunAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        Rule[] rules = [Throughput.Allowing, Probe.Rule];
        Target[] targets =
        [
            owned.Add(await BareTarget.StartAsync(cancellationToken)),
            owned.Add(await ServiceTarget.StartAsync(rules, cancellationToken)),
        ];
        List<double> bytes = [];
        foreach (var target in targets)
        {
            bytes.Add(await BytesPerCheckAsync(target, settings, cancellationToken));
        }

        var table = new Table("", "bytes allocated/check", $"× {targets[0].Name}");
        foreach (var (target, count) in targets.Zip(bytes))
        {
            table.Add(target.Name, Table.Cell(count), Table.Cell(count / bytes[0], 2));
        }

        return new Outcome($"{table}", new Figure("allocated / bare", bytes[1] / bytes[0]));
    }

    private static async Task<double> BytesPerCheckAsync(
        Target target,
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        var load = new Load(Throughput.Allowing.Route);
        await load.RunAsync(target, settings.WarmUp, cancellationToken);
        await using var counter = await AllocationCounter.StartAsync(
            target.Server.Id,
            cancellationToken
        );
        var result = await load.RunAsync(target, settings.Duration, cancellationToken);
        return (double)await counter.StopAsync(cancellationToken) / result.Requests;
    }
}
