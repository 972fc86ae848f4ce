using System.Globalization;
using System.Text.RegularExpressions;
using RateLimiter.Bench;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Soak;

/// <summary>One process of the service, which can be killed and started again at the same address.</summary>
internal sealed partial class Instance(int number, int storePort)
{
    private readonly string folder = new TemporaryFolder().Path;
    private readonly int port = RedisServer.FreePort();
    private readonly List<RunningProcess> runs = [];
    private readonly Lock @lock = new();
    private ServiceTarget? service;

    public int Number => number;

    /// <summary>The service while it runs.</summary>
    public ServiceTarget Service =>
        service ?? throw new BenchException($"Instance {number} does not run.");

    /// <summary>The number of decisions that it reports as dropped from the log.</summary>
    public long LeftOut =>
        runs.SelectMany(run => run.Output)
            .Select(line => LeftOutOfTheLog.Match(line))
            .Where(match => match.Success)
            .Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    public async Task StartAsync()
    {
        var started = await ServiceTarget.RunAsync(
            folder,
            new Dictionary<string, string>
            {
                ["REDIS_HOST"] = "127.0.0.1",
                ["REDIS_PORT"] = $"{storePort}",
            },
            port
        );
        lock (@lock)
        {
            service = started;
            runs.Add(started.Server);
        }
    }

    public void Kill()
    {
        lock (@lock)
        {
            service?.Server.Dispose();
            service = null;
        }
    }

    /// <summary>The memory that it uses; null while it does not run.</summary>
    public double? MeasureMegabytes()
    {
        lock (@lock)
        {
            return service?.Server.ResidentMegabytes;
        }
    }

    [GeneratedRegex(@"(\d+) decisions were dropped from the log")]
    private static partial Regex LeftOutOfTheLog { get; }
}
