using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using RateLimiting.Client;

namespace RateLimiter.Bench;

/// <summary>
/// A process that sends checks through the package for .NET. It is the bench itself, started again, so that the
/// client's processor time is measured separately from that of the bench.
/// </summary>
internal static class ClientProcess
{
    /// <summary>The first argument of the bench when it is started as that process; the load is the second.</summary>
    public const string Argument = "client-process";

    // A machine that stops for a moment is not what is measured.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Starts the process, and waits until it exits.</summary>
    /// <exception cref="BenchException">A check got no response, or was denied.</exception>
    public static async Task<ClientResult> MeasureAsync(ClientLoad load)
    {
        var output = await RunningProcess.RunAsync(
            Repository.Asset("RateLimiter.Bench"),
            [Argument, JsonSerializer.Serialize(load)]
        );
        var line = output.Split('\n').Last(line => line.StartsWith('{'));
        return JsonSerializer.Deserialize<ClientResult>(line)!;
    }

    /// <summary>The program of that process: it warms up, measures, and prints the result.</summary>
    /// <param name="json">The load.</param>
    public static async Task RunAsync(string json)
    {
        var load = JsonSerializer.Deserialize<ClientLoad>(json)!;
        var services = new ServiceCollection();
        services.AddRateLimiterClient(options =>
        {
            options.BaseAddress = load.Address;
            options.ApiKey = load.ApiKey;
            options.Batching = load.Batching;
            options.LocalDenials = false;
            options.Timeout = Patience;
            options.AttemptTimeout = Patience;
            // A repeated request would be measured as one slow decision.
            options.MaxRetries = 0;
        });
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<IRateLimiterClient>();

        var users = Enumerable.Range(0, load.Users).Select(user => $"user-{user}").ToArray();
        var warmUpDecisions = 0L;
        await WarmUp.RunAsync(async () =>
        {
            var began = Stopwatch.GetTimestamp();
            var answered = (await AskAsync(client, users, load, load.WarmUp)).Sum(caller =>
                caller.Count
            );
            warmUpDecisions += answered;
            return answered / Stopwatch.GetElapsedTime(began).TotalSeconds;
        });

        // Read here, because only this process knows when it is warm.
        using var server = Process.GetProcessById(load.Server);
        var serverCpu = server.TotalProcessorTime;
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var answers = await AskAsync(client, users, load, load.Duration);
        var elapsed = Stopwatch.GetElapsedTime(start);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        serverCpu = server.TotalProcessorTime - serverCpu;

        TimeSpan[] latencies = [.. answers.SelectMany(caller => caller).Order()];
        Console.WriteLine(
            JsonSerializer.Serialize(
                new ClientResult(
                    warmUpDecisions,
                    latencies.Length,
                    elapsed,
                    cpu,
                    serverCpu,
                    latencies[latencies.Length / 2],
                    latencies[(int)(latencies.Length * 0.99)]
                )
            )
        );
    }

    // The latencies of each caller. It waits for its last response, so that everything that was sent is counted.
    private static Task<List<TimeSpan>[]> AskAsync(
        IRateLimiterClient client,
        string[] users,
        ClientLoad load,
        TimeSpan duration
    )
    {
        var next = -1;
        var start = Stopwatch.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, load.Callers).Select(_ => Task.Run(CallAsync)));

        async Task<List<TimeSpan>> CallAsync()
        {
            List<TimeSpan> latencies = [];
            while (Stopwatch.GetElapsedTime(start) < duration)
            {
                var user = users[(uint)Interlocked.Increment(ref next) % (uint)users.Length];
                var sent = Stopwatch.GetTimestamp();
                var decision = await client.CheckAsync(user, load.Route);
                latencies.Add(Stopwatch.GetElapsedTime(sent));
                if (!decision.Allowed || decision.Degraded)
                {
                    throw new BenchException($"{user} got the decision {decision}.");
                }
            }

            return latencies;
        }
    }
}

/// <summary>The arguments of the client process.</summary>
/// <param name="Address">The address of the service.</param>
/// <param name="Server">The id of the service's process.</param>
/// <param name="ApiKey">The key that is sent.</param>
/// <param name="Route">The requested route.</param>
/// <param name="Users">The users, in turn.</param>
/// <param name="Callers">
/// The number of concurrent callers, each of which sends the next check as soon as it gets a response.
/// </param>
/// <param name="Batching">Whether concurrent checks are batched.</param>
/// <param name="WarmUp">The duration of one warm-up run; there are several.</param>
/// <param name="Duration">The duration of the measurement.</param>
internal sealed record ClientLoad(
    Uri Address,
    int Server,
    string ApiKey,
    string Route,
    int Users,
    int Callers,
    bool Batching,
    TimeSpan WarmUp,
    TimeSpan Duration
);

/// <summary>The output of the client process.</summary>
/// <param name="WarmUpDecisions">The decisions before the measurement.</param>
/// <param name="Decisions">The decisions during the measurement.</param>
/// <param name="Elapsed">The duration, to the last response.</param>
/// <param name="Cpu">The processor time that the process used in that time.</param>
/// <param name="ServerCpu">The processor time that the service used in that time.</param>
/// <param name="P50">The median of the latencies.</param>
/// <param name="P99">99 % of the latencies are below.</param>
internal sealed record ClientResult(
    long WarmUpDecisions,
    long Decisions,
    TimeSpan Elapsed,
    TimeSpan Cpu,
    TimeSpan ServerCpu,
    TimeSpan P50,
    TimeSpan P99
)
{
    [JsonIgnore]
    public double DecisionsPerSecond => Decisions / Elapsed.TotalSeconds;
}
