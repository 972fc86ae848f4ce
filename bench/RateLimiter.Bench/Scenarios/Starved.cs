using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>
/// The service with a quarter of a core, from its start, and a healthy store: no check may be decided without the
/// store. Then a store that hangs: no check may wait for it longer than configured, in processor time that the service
/// had.
/// </summary>
internal static class Starved
{
    private const int ChecksPerSecond = 20;

    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public static async Task<Outcome> MeasureAsync(Settings _)
    {
        var core = new QuarterCore();
        var table = new Table(
            $"{core.Description}",
            "start to ready, s",
            "checks",
            "degraded",
            "other than 200",
            "p50, ms",
            "p99, ms",
            "longest, ms"
        );
        var redis = await RedisServer.StartAsync();
        var (service, http, ready) = await StartAsync(core, redis);
        var healthy = await AskAsync(http, Duration);
        Add("Redis", ready, healthy);
        await redis.Process.SignalAsync("STOP");
        var hanging = await AskAsync(http, Hang);
        await redis.Process.SignalAsync("CONT");
        Add("Redis, hanging", null, hanging);
        service.Server.Dispose();

        var (_, ownHttp, ownReady) = await StartAsync(core, store: null);
        var own = await AskAsync(ownHttp, Duration);
        Add("embedded store", ownReady, own);

        return new Outcome(
            $"{table}",
            new Figure("starved, degraded", Share(healthy, own, answer => answer.IsDegraded)),
            new Figure("starved, failed", Share(healthy, own, answer => !answer.IsOk))
        );

        void Add(string name, double? seconds, List<Answer> answers)
        {
            var times = answers.Select(answer => answer.Time.TotalMilliseconds).Order().ToList();
            table.Add(
                name,
                seconds is { } start ? Table.Cell(start, 1) : "",
                Table.Cell(answers.Count),
                Table.Cell(answers.Count(answer => answer.IsDegraded)),
                Table.Cell(answers.Count(answer => !answer.IsOk)),
                Table.Cell(times[times.Count / 2], 1),
                Table.Cell(times[times.Count * 99 / 100], 1),
                Table.Cell(times[^1], 1)
            );
        }
    }

    private static double Share(
        List<Answer> one,
        List<Answer> other,
        Predicate<Answer> isCounted
    ) => one.Concat(other).Count(answer => isCounted(answer)) / (double)(one.Count + other.Count);

    // With the default time-out.
    private static async Task<(ServiceTarget Service, HttpClient Http, double Seconds)> StartAsync(
        QuarterCore core,
        RedisServer? store
    )
    {
        var time = Stopwatch.StartNew();
        var service = await ServiceTarget.RunAsync(
            new TemporaryFolder().Path,
            store is null
                ? []
                : [new("REDIS_HOST", "127.0.0.1"), new("REDIS_PORT", $"{store.Port}")],
            store: store,
            started: core.Limit
        );
        using var visitor = service.CreateClient();
        while (true)
        {
            using var ready = await visitor.GetAsync("/health/ready");
            if (ready.IsSuccessStatusCode)
            {
                break;
            }

            if (time.Elapsed > ReadyWithin)
            {
                throw new BenchException("The service did not get ready.");
            }

            await Task.Delay(LookInterval);
        }

        var seconds = time.Elapsed.TotalSeconds;
        return (service, service.CreateClient(await service.RegisterAsync([Probe.Rule])), seconds);
    }

    private static async Task<List<Answer>> AskAsync(HttpClient http, TimeSpan duration)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / ChecksPerSecond));
        var time = Stopwatch.StartNew();
        List<Task<Answer>> answers = [];
        while (time.Elapsed < duration && await pace.WaitForNextTickAsync())
        {
            answers.Add(AskOnceAsync(http, $"user-{answers.Count}"));
        }

        return [.. await Task.WhenAll(answers)];
    }

    private static async Task<Answer> AskOnceAsync(HttpClient http, string user)
    {
        var time = Stopwatch.StartNew();
        using var response = await http.PostAsJsonAsync(
            "/check",
            new { user_id = user, route_key = Probe.Rule.Route }
        );
        var body = await response.Content.ReadAsStringAsync();
        return new Answer(
            response.IsSuccessStatusCode,
            response.IsSuccessStatusCode
                && JsonElement.Parse(body).GetProperty("degraded").GetBoolean(),
            time.Elapsed
        );
    }

    private sealed record Answer(bool IsOk, bool IsDegraded, TimeSpan Time);
}
