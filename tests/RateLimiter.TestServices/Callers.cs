using System.Collections.Concurrent;
using System.Diagnostics;

namespace RateLimiter.TestServices;

/// <summary>
/// Callers that check one user after the other until they are stopped, and record the responses.
/// </summary>
public sealed class Callers : IAsyncDisposable
{
    // Enough that checks of different users are pending together.
    private const int Count = 16;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<Response> calls = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> running;

    /// <summary>Starts them.</summary>
    /// <param name="instances">The same tenant on each instance; callers take turns.</param>
    /// <param name="users">The users to check.</param>
    /// <param name="routeKey">The route.</param>
    public Callers(
        IReadOnlyList<TestClient> instances,
        IReadOnlyList<string> users,
        string routeKey = "r"
    ) =>
        running = [
            .. Enumerable
                .Range(0, Count)
                .Select(i => CheckAsync(instances[i % instances.Count], users, routeKey, i)),
        ];

    /// <param name="User">The checked user.</param>
    /// <param name="Answer">The response.</param>
    /// <param name="Took">The latency.</param>
    public sealed record Response(string User, Answer Answer, TimeSpan Took)
    {
        /// <summary>Whether the store has decided it.</summary>
        public bool IsDecided => Answer.Status == 200 && !Answer.IsDegraded;

        /// <summary>Whether the store has consumed a permit and the response confirms it.</summary>
        public bool IsTaken => IsDecided && Answer.Allowed;
    }

    /// <summary>Waits for this many further responses.</summary>
    public Task GoOnForAsync(int answers)
    {
        var enough = calls.Count + answers;
        return Poll.UntilAsync(
            "There are no responses.",
            TimeSpan.FromSeconds(60),
            () => Task.FromResult(calls.Count >= enough || running.Any(task => task.IsFaulted))
        );
    }

    /// <summary>Stops them, and waits for their last responses.</summary>
    /// <returns>All responses.</returns>
    public async Task<IReadOnlyList<Response>> StopAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running);
        return [.. calls];
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task CheckAsync(
        TestClient client,
        IReadOnlyList<string> users,
        string routeKey,
        int first
    )
    {
        for (var i = first; !stopping.IsCancellationRequested; i++)
        {
            var user = users[i % users.Count];
            var clock = Stopwatch.StartNew();
            var answer = await client.CheckAsync(user, routeKey);
            calls.Enqueue(new Response(user, answer, clock.Elapsed));
            await Task.Delay(Pause);
        }
    }
}
