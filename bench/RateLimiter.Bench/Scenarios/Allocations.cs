using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>The bytes that a check allocates, in separate runs, since counting them costs time.</summary>
internal static class Allocations
{
    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        var bare = await BareTarget.StartAsync();
        var service = await ServiceTarget.StartAsync(Throughput.Rules);
        var yardstick = await CountAsync(bare, settings);
        var bytes = await CountAsync(service, settings);
        var table = new Table("", "bytes allocated/check", $"× {bare.Name}")
            .Add(bare.Name, Table.Cell(yardstick), Table.Cell(1, 2))
            .Add(service.Name, Table.Cell(bytes), Table.Cell(bytes / yardstick, 2));
        return new Outcome($"{table}", new Figure("allocated / bare", bytes / yardstick));
    }

    private static async Task<double> CountAsync(Target target, Settings settings)
    {
        await Throughput.Allowed.RunAsync(target, 3 * settings.WarmUp);
        using var counter = await AllocationCounter.StartAsync(target.Server.Id);
        var result = await Throughput.Allowed.RunAsync(target, settings.Duration);
        return await counter.ReadAsync() / result.Requests;
    }
}
