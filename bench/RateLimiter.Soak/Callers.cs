using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using RateLimiter.Bench;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Soak;

/// <summary>Send the requests of the mix to all instances in turn, and keep every response.</summary>
/// <param name="mix">The requests.</param>
/// <param name="witness">A tenant whose every decision must be found in the log.</param>
/// <param name="instances">The number of instances.</param>
internal sealed class Callers(Mix mix, Tenant witness, int instances)
{
    /// <summary>The number of concurrent callers at the maximum rate.</summary>
    private const int Eager = 64;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly Lock @lock = new();
    private readonly List<Answer> answers = [];
    private readonly long[] lastSeen = new long[instances];
    private long sent;
    private int underway;

    public static Rule WitnessRule { get; } = new("witness", new Limit(10, Mix.LongWindow));

    /// <summary>All responses so far, in the order of their arrival.</summary>
    public IReadOnlyList<Answer> Answers
    {
        get
        {
            lock (@lock)
            {
                return [.. answers];
            }
        }
    }

    /// <summary>Whether every instance has used the store successfully since then.</summary>
    public bool HaveSeenStoreSince(long time) =>
        Enumerable.Range(0, instances).All(one => Volatile.Read(ref lastSeen[one]) > time);

    /// <summary>Sends at a fixed rate, whether or not responses arrive, until it is stopped.</summary>
    /// <param name="rate">Checks per second; null for as many as get a response.</param>
    /// <param name="stop">Stops it; it waits for requests in flight.</param>
    public async Task RunAsync(int? rate, CancellationToken stop)
    {
        if (rate is { } checksPerSecond)
        {
            await FollowScheduleAsync(checksPerSecond, stop);
        }
        else
        {
            await Task.WhenAll(Enumerable.Range(0, Eager).Select(_ => HurryAsync(stop)));
        }

        while (Volatile.Read(ref underway) > 0)
        {
            await Task.Delay(Tick, CancellationToken.None);
        }
    }

    /// <summary>Sends checks for the witness, each time for another user, until it is stopped.</summary>
    public async Task WitnessAsync(TimeSpan pause, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(pause);
        for (var decision = 0; await NextTickAsync(timer, stop); decision++)
        {
            await SendAsync(
                [new Subject(witness, WitnessRule, $"decision-{decision}")],
                Stopwatch.GetTimestamp()
            );
        }
    }

    private async Task FollowScheduleAsync(int rate, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick);
        var start = Stopwatch.GetTimestamp();
        var checks = 0L;
        while (await NextTickAsync(timer, stop))
        {
            while (NextDue() is var due && due <= Stopwatch.GetTimestamp())
            {
                var subjects = mix.Next();
                checks += subjects.Count;
                _ = SendAsync(subjects, due);
            }
        }

        long NextDue() => start + (long)((double)checks / rate * Stopwatch.Frequency);
    }

    private async Task HurryAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            IReadOnlyList<Subject> subjects;
            lock (mix)
            {
                subjects = mix.Next();
            }

            await SendAsync(subjects, Stopwatch.GetTimestamp());
        }
    }

    private static async Task<bool> NextTickAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task SendAsync(IReadOnlyList<Subject> subjects, long due)
    {
        Interlocked.Increment(ref underway);
        var instance = (int)(Interlocked.Increment(ref sent) % instances);
        var outcomes = await AskAsync(subjects, subjects[0].Tenant.Callers[instance]);
        var answer = new Answer(subjects, outcomes, instance, due, Stopwatch.GetTimestamp());
        lock (@lock)
        {
            answers.Add(answer);
        }

        if (answer.ShowsStore)
        {
            Volatile.Write(ref lastSeen[instance], answer.Completed);
        }

        Interlocked.Decrement(ref underway);
    }

    private static async Task<IReadOnlyList<Outcome>> AskAsync(
        IReadOnlyList<Subject> subjects,
        HttpClient caller
    )
    {
        try
        {
            using var body = new StringContent(Body(subjects), Encoding.UTF8, "application/json");
            using var response = await caller.PostAsync(
                subjects.Count == 1 ? "/check" : "/check/batch",
                body
            );
            return response.StatusCode == HttpStatusCode.OK
                ? await ReadAsync(response.Content, subjects.Count)
                : All((int)response.StatusCode);
        }
        catch (Exception exception)
            when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            return All(Outcome.NoAnswer);
        }

        Outcome[] All(int status) => [.. subjects.Select(_ => new Outcome(status))];
    }

    private static string Body(IReadOnlyList<Subject> subjects) =>
        subjects is [var only]
            ? Body(only)
            : $$"""{"checks":[{{string.Join(',', subjects.Select(Body))}}]}""";

    private static string Body(Subject subject) =>
        $$"""{"user_id":"{{subject.User}}","route_key":"{{subject.Rule.Route}}"}""";

    private static async Task<IReadOnlyList<Outcome>> ReadAsync(HttpContent content, int count)
    {
        if (count == 1)
        {
            return [Read((await content.ReadFromJsonAsync<Result>(Json))!)];
        }

        var batch = (await content.ReadFromJsonAsync<Batch>(Json))!;
        return batch.Results.Count == count
            ? [.. batch.Results.Select(Read)]
            : throw new BenchException($"{count} checks got {batch.Results.Count} results.");
    }

    private static Outcome Read(Result result) =>
        result.Error is { } error
            ? new Outcome(error.Status)
            : new Outcome(200, result.Allowed, result.Degraded, result.Remaining);

    private sealed record Batch(IReadOnlyList<Result> Results);

    private sealed record Result(bool Allowed, bool Degraded, long Remaining, Problem? Error);

    private sealed record Problem(int Status);
}
