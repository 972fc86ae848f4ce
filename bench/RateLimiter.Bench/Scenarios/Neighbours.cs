using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>
/// The noisy-neighbour scenario: one tenant's checks while another does all that it may: batches of the most expensive
/// checks possible, and imports of nearly as many policies as a client can have, each of which is loaded again for the
/// check after it.
/// </summary>
internal static class Neighbours
{
    private const int BatchSize = 1000;
    private const int Policies = 9_900;
    private const int LoggedPermits = 10_000;
    private const int Limits = 8;

    private static readonly Rule Plain = new("plain", new Limit(1_000_000_000, 3600));

    private static readonly Rule MostExpensive = new(
        "dearest",
        [
            .. Enumerable
                .Range(0, Limits)
                .Select(i => new Limit(LoggedPermits, 3600 + i, "sliding_log")),
        ]
    );

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        var store = await RedisServer.StartAsync();
        // The service's default time-out: how many checks exceed it is what is measured.
        var service = await ServiceTarget.RunAsync(
            new TemporaryFolder().Path,
            new Dictionary<string, string>
            {
                ["REDIS_HOST"] = "127.0.0.1",
                ["REDIS_PORT"] = $"{store.Port}",
            },
            store: store
        );
        var neighbour = await service.RegisterAsync([Plain]);
        var batches = await service.RegisterAsync([MostExpensive]);
        var imports = await service.RegisterAsync([Plain]);
        using var attacker = service.CreateClient(batches);
        using var importer = service.CreateClient(imports);
        await FillAsync(attacker);

        Case[] cases =
        [
            new("nothing else", _ => Task.FromResult(0)),
            new("batches of the most expensive checks", stop => SendBatchesAsync(attacker, stop)),
            new("imports and loads of 9,900 policies", stop => ImportAsync(importer, stop)),
        ];
        await RunAsync(service, neighbour, cases[0], settings.WarmUp);
        cases[0].Rounds.Clear();
        for (var round = 0; round < settings.Rounds; round++)
        {
            foreach (var one in cases)
            {
                await RunAsync(service, neighbour, one, settings.Duration);
            }
        }

        var table = new Table(
            "meanwhile",
            "checks/s",
            "p50, ms",
            "p99, ms",
            "p99 × nothing else",
            "degraded or failed, %",
            "other tenant, requests/s"
        );
        foreach (var one in cases)
        {
            table.Add(
                one.Name,
                Table.Cell(one.Median(round => round.Checks / settings.Duration.TotalSeconds)),
                Table.Cell(one.Median(round => round.P50), 2),
                Table.Cell(one.Median(round => round.P99), 2),
                Table.Cell(Slower(one), 2),
                Table.Cell(100 * Missed(one), 2),
                Table.Cell(one.Median(round => round.Others / settings.Duration.TotalSeconds), 1)
            );
        }

        return new Outcome(
            $"{table}",
            new Figure("batches' neighbour, p99 / quiet", Slower(cases[1])),
            new Figure("batches' neighbour, degraded", 100 * Missed(cases[1])),
            new Figure("imports' neighbour, p99 / quiet", Slower(cases[2])),
            new Figure("imports' neighbour, degraded", 100 * Missed(cases[2]))
        );

        // Relative to the quiet case of the same round.
        double Slower(Case one) =>
            Settings.Median(one.Rounds.Zip(cases[0].Rounds, (mine, quiet) => mine.P99 / quiet.P99));
    }

    private static double Missed(Case one) =>
        one.Rounds.Sum(round => (double)round.Missed) / one.Rounds.Sum(round => round.Checks);

    private static async Task RunAsync(
        ServiceTarget service,
        string neighbour,
        Case one,
        TimeSpan duration
    )
    {
        using var stop = new CancellationTokenSource();
        var others = one.Disturb(stop.Token);
        using var http = service.CreateClient(neighbour);
        var round = await AskAsync(http, duration);
        await stop.CancelAsync();
        one.Rounds.Add(round with { Others = await others });
    }

    /// <summary>Sends checks at a fixed rate, whether or not the previous ones got a response.</summary>
    private static async Task<Round> AskAsync(HttpClient http, TimeSpan duration)
    {
        var times = new ConcurrentBag<double>();
        var missed = 0;
        var checks = new List<Task>();
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Pause);
        while (TimeProvider.System.GetElapsedTime(start) < duration)
        {
            checks.Add(CheckAsync());
            await timer.WaitForNextTickAsync();
        }

        await Task.WhenAll(checks);
        var sorted = times.Order().ToArray();
        return new Round(
            sorted.Length,
            missed,
            sorted[sorted.Length / 2],
            sorted[sorted.Length * 99 / 100],
            Others: 0
        );

        async Task CheckAsync()
        {
            var asked = TimeProvider.System.GetTimestamp();
            using var response = await http.PostAsJsonAsync(
                "/check",
                new { user_id = $"user-{checks.Count % 100}", route_key = Plain.Route }
            );
            var isMissed = !response.IsSuccessStatusCode || await IsDegradedAsync(response);
            times.Add(TimeProvider.System.GetElapsedTime(asked).TotalMilliseconds);
            if (isMissed)
            {
                Interlocked.Increment(ref missed);
            }
        }
    }

    private static async Task<bool> IsDegradedAsync(HttpResponseMessage response)
    {
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return answer.GetProperty("degraded").GetBoolean();
    }

    /// <summary>Takes all permits one by one, so that the logs are as long as possible.</summary>
    private static async Task FillAsync(HttpClient http)
    {
        for (var i = 0; i < LoggedPermits; i += BatchSize)
        {
            await SendBatchAsync(http, _ => 1);
        }
    }

    private static async Task<int> SendBatchesAsync(HttpClient http, CancellationToken stop)
    {
        var count = 0;
        for (; !stop.IsCancellationRequested; count++)
        {
            await SendBatchAsync(http, _ => Random.Shared.Next(1, LoggedPermits));
        }

        return count;
    }

    private static async Task SendBatchAsync(HttpClient http, Func<int, int> cost)
    {
        var checks = Enumerable
            .Range(0, BatchSize)
            .Select(i => new
            {
                user_id = "user",
                route_key = MostExpensive.Route,
                cost = cost(i),
            });
        using var response = await http.PostAsJsonAsync("/check/batch", new { checks });
        response.EnsureSuccessStatusCode();
    }

    private static async Task<int> ImportAsync(HttpClient http, CancellationToken stop)
    {
        var count = 0;
        for (; !stop.IsCancellationRequested; count++)
        {
            var policies = Enumerable
                .Range(0, Policies)
                .Select(i => new
                {
                    route_key = $"route-{i}",
                    limit = 1000 + count % 2,
                    window_seconds = 60,
                });
            // The store may well take longer than an import waits: the response says so.
            using var imported = await http.PutAsJsonAsync(
                "/policy/import",
                new { policies },
                CancellationToken.None
            );
            using var check = await http.PostAsJsonAsync(
                "/check",
                new { user_id = "user", route_key = "route-1" },
                CancellationToken.None
            );
        }

        return count;
    }

    /// <param name="Checks">All checks that were sent.</param>
    /// <param name="Missed">Those that were not decided by the store, or not at all.</param>
    /// <param name="P50">Milliseconds.</param>
    /// <param name="P99">Milliseconds.</param>
    /// <param name="Others">The number of other requests.</param>
    private sealed record Round(int Checks, int Missed, double P50, double P99, int Others);

    /// <param name="Name">The load beside the checks.</param>
    /// <param name="Disturb">Generates that load until it is stopped, and returns the number of requests.</param>
    private sealed record Case(string Name, Func<CancellationToken, Task<int>> Disturb)
    {
        public List<Round> Rounds { get; } = [];

        public double Median(Func<Round, double> figure) => Settings.Median(Rounds.Select(figure));
    }
}
