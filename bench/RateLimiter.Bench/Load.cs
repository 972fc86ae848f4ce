using System.Globalization;
using System.Text.Json;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>What wrk sends, with one thread.</summary>
/// <param name="Route">The requested route.</param>
internal sealed record Load(string Route)
{
    public int Connections { get; init; } = 64;

    /// <summary>The users of each tenant.</summary>
    public int Users { get; init; } = 10_000;

    /// <summary>
    /// The organisations over which the users are spread, named beside the user, with the user's device; 0 for users alone.
    /// </summary>
    public int Organisations { get; init; }

    /// <summary>The checks in a request, sent to <c>/check/batch</c>; 0 for single checks.</summary>
    public int Batch { get; init; }

    /// <summary>Requests per second; 0 for as many as get a response.</summary>
    public double Rate { get; init; }

    /// <summary>The API keys of several tenants; null for the target's key alone.</summary>
    public IReadOnlyList<string>? Tenants { get; init; }

    /// <summary>The routes of each tenant.</summary>
    public int Routes { get; init; } = 1;

    /// <summary>How many different requests there are; with fewer than all users, they are drawn at random.</summary>
    public int Requests { get; init; } = 10_000;

    public int ChecksPerRequest => Math.Max(1, Batch);

    /// <exception cref="BenchException">A request got no response, or failed.</exception>
    public async Task<LoadResult> RunAsync(Target target, TimeSpan duration)
    {
        using var folder = new TemporaryFolder();
        var keys = Path.Combine(folder.Path, "keys");
        await File.WriteAllLinesAsync(keys, Tenants ?? [target.ApiKey]);
        string[] arguments =
        [
            "-t1",
            $"-c{Connections}",
            $"-d{duration.TotalSeconds}s",
            "--script",
            Repository.Asset("load.lua"),
            $"{target.Address}",
            "--",
            $"keys={keys}",
            $"route={Route}",
            $"routes={Routes}",
            $"users={Users}",
            $"organisations={Organisations}",
            $"requests={Requests}",
            $"batch={Batch}",
            $"rate={Rate.ToString("0.#", CultureInfo.InvariantCulture)}",
        ];
        var output = await RunningProcess.RunAsync("wrk", arguments);
        var line = output.Split('\n').Last(line => line.StartsWith('{'));
        var result = JsonSerializer.Deserialize<LoadResult>(line, JsonSerializerOptions.Web)!;
        return result.Failed == 0
            ? result
            : throw new BenchException(
                $"{target.Name}: {result.Failed} requests failed on route {Route}, {result.Requests} were answered."
            );
    }
}

/// <param name="Requests">The requests that got a response.</param>
/// <param name="Microseconds">The duration.</param>
/// <param name="P50">The median of the latencies, in microseconds.</param>
/// <param name="P99">99 % of the latencies are below, in microseconds.</param>
/// <param name="Failed">The requests that got no response, or a status from 400 on.</param>
internal sealed record LoadResult(long Requests, long Microseconds, long P50, long P99, long Failed)
{
    public double RequestsPerSecond => Requests * 1e6 / Microseconds;
}
