using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>One measurement of one target under one load.</summary>
/// <param name="Load">What wrk measured.</param>
/// <param name="ChecksPerSecond">The checks that got a response.</param>
/// <param name="ServerCpu">The processor time of the server for each check, in microseconds.</param>
/// <param name="StoreCpu">The same of its store; null without one.</param>
/// <param name="Scripts">The script calls for each check; null without a store.</param>
internal sealed record Measurement(
    LoadResult Load,
    double ChecksPerSecond,
    double ServerCpu,
    double? StoreCpu,
    double? Scripts
)
{
    public static async Task<Measurement> TakeAsync(Target target, Load load, TimeSpan duration)
    {
        var before = await Usage.ReadAsync(target);
        using var stop = new CancellationTokenSource();
        var probe = new Probe(target).RunAsync(stop.Token);
        var result = await load.RunAsync(target, duration);
        var after = await Usage.ReadAsync(target);
        await stop.CancelAsync();
        var checks = (double)result.Requests * load.ChecksPerRequest + await probe;
        target.ThrowIfTroubled();

        return new Measurement(
            result,
            result.RequestsPerSecond * load.ChecksPerRequest,
            (after.Server - before.Server).TotalMicroseconds / checks,
            (after.Store - before.Store)?.TotalMicroseconds / checks,
            (after.Scripts - before.Scripts) / checks
        );
    }

    private sealed record Usage(TimeSpan Server, TimeSpan? Store, long? Scripts)
    {
        public static async Task<Usage> ReadAsync(Target target) =>
            new(
                target.Server.CpuTime,
                target.Store?.Process.CpuTime,
                target.Store is { } store ? await store.CountScriptsAsync() : null
            );
    }
}
