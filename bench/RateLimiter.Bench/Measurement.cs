using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>One measurement of one target under one load.</summary>
/// <param name="Load">What wrk measured.</param>
/// <param name="Checks">The checks that wrk sent.</param>
/// <param name="ServerCpu">The processor time of the server for each check.</param>
/// <param name="StoreCpu">The processor time of the store for each check; null without a store of its own.</param>
/// <param name="Scripts">The calls of scripts for each check; null without a store of its own.</param>
internal sealed record Measurement(
    LoadResult Load,
    long Checks,
    TimeSpan ServerCpu,
    TimeSpan? StoreCpu,
    double? Scripts
)
{
    public double ChecksPerSecond => Checks * 1e6 / Load.Microseconds;

    public static async Task<Measurement> TakeAsync(
        Target target,
        Load load,
        TimeSpan duration,
        CancellationToken cancellationToken
    )
    {
        var before = await Usage.ReadAsync(target, cancellationToken);
        using var stop = new CancellationTokenSource();
        var probe = new Probe(target).RunAsync(stop.Token, cancellationToken);
        LoadResult result;
        Usage after;
        try
        {
            result = await load.RunAsync(target, duration, cancellationToken);
            after = await Usage.ReadAsync(target, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
        }

        await probe;
        target.ThrowIfTroubled();

        var checks = result.Requests * load.Checks;
        return new Measurement(
            result,
            checks,
            (after.ServerCpu - before.ServerCpu) / checks,
            (after.StoreCpu - before.StoreCpu) / checks,
            (double?)(after.Scripts - before.Scripts) / checks
        );
    }

    private sealed record Usage(TimeSpan ServerCpu, TimeSpan? StoreCpu, long? Scripts)
    {
        public static async Task<Usage> ReadAsync(
            Target target,
            CancellationToken cancellationToken
        ) =>
            new(
                target.Server.CpuTime,
                target.Store?.CpuTime,
                target.Store is { } store ? await store.CountScriptsAsync(cancellationToken) : null
            );
    }
}
