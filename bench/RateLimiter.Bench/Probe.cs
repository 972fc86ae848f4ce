using System.Net.Http.Json;
using System.Text.Json;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>
/// A caller beside the load that knows what every decision must be: the first permits of a new user are allowed and
/// count down, all others are denied.
/// </summary>
internal sealed class Probe(Target target)
{
    private const int Permits = 40;
    private const int ChecksAtOnce = 5 * Permits;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static int users;

    private readonly string user = $"probe-{Interlocked.Increment(ref users)}";

    /// <summary>The rule that every target has for the probe. No window ends while the bench runs.</summary>
    public static Rule Rule { get; } = new("probe", new Limit(Permits, WindowSeconds: 31_536_000));

    /// <summary>Sends a single check.</summary>
    public async Task AskOnceAsync()
    {
        using var http = target.CreateClient();
        await AskAsync(http);
    }

    /// <summary>Sends many checks at once, and verifies that exactly the permits of the limit are given.</summary>
    public async Task ThrowIfInexactAsync()
    {
        using var http = target.CreateClient();
        var answers = await Task.WhenAll(
            Enumerable.Range(0, ChecksAtOnce).Select(_ => AskAsync(http))
        );
        var allowed = answers.Count(answer => answer.Allowed);
        if (allowed != Permits)
        {
            throw new BenchException(
                $"{target.Name} allowed {allowed} of {ChecksAtOnce} checks with a limit of {Permits}."
            );
        }
    }

    /// <summary>Sends about fifty checks a second until it is stopped.</summary>
    /// <returns>The number of responses.</returns>
    /// <exception cref="BenchException">One of them was wrong.</exception>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var http = target.CreateClient();
        using var pause = new PeriodicTimer(Pause);
        var count = 0;
        for (; !stop.IsCancellationRequested; count++)
        {
            var answer = await AskAsync(http);
            var expected = target.Decides
                ? new Answer(count < Permits, Math.Max(0, Permits - 1 - count))
                : answer with
                {
                    Allowed = true,
                };
            if (answer != expected)
            {
                throw new BenchException(
                    $"{target.Name} answered check {count + 1} with {answer} instead of {expected}."
                );
            }

            await pause.WaitForNextTickAsync(CancellationToken.None);
        }

        return count;
    }

    private async Task<Answer> AskAsync(HttpClient http)
    {
        var check = new { user_id = user, route_key = Rule.Route };
        using var response = await http.PostAsJsonAsync("/check", check);
        return response.IsSuccessStatusCode
            ? (await response.Content.ReadFromJsonAsync<Answer>(JsonSerializerOptions.Web))!
            : throw new BenchException($"{target.Name} answered with {response.StatusCode}.");
    }

    private sealed record Answer(bool Allowed, long Remaining);
}
