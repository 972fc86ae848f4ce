using System.Collections.Concurrent;
using System.Diagnostics;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests;

/// <summary>
/// Callers that check one user after the other, until they are told to stop, and remember what they were answered.
/// </summary>
internal sealed class Callers : IAsyncDisposable
{
    // So many that checks of different users wait together.
    private const int Count = 16;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<Call> calls = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> running;

    /// <summary>Starts them.</summary>
    /// <param name="instances">The same tenant on each instance; callers take turns.</param>
    /// <param name="users">Whom they check.</param>
    /// <param name="routeKey">On which route.</param>
    public Callers(
        IReadOnlyList<Client> instances,
        IReadOnlyList<string> users,
        string routeKey = "r"
    ) =>
        running = [
            .. Enumerable
                .Range(0, Count)
                .Select(i => CheckAsync(instances[i % instances.Count], users, routeKey, i)),
        ];

    /// <param name="User">Who was checked.</param>
    /// <param name="Answer">What was answered.</param>
    /// <param name="Took">How long that took.</param>
    public sealed record Call(string User, Answer Answer, TimeSpan Took)
    {
        /// <summary>Whether the store has decided it.</summary>
        public bool IsDecided => Answer.Status == 200 && !Answer.IsDegraded;

        /// <summary>Whether the store has taken a permit and said so.</summary>
        public bool IsTaken => IsDecided && Answer.Allowed;
    }

    /// <summary>Waits until there are so many more answers.</summary>
    public Task GoOnForAsync(int answers)
    {
        var enough = calls.Count + answers;
        return Poll.UntilAsync(
            "Nothing is answered.",
            TimeSpan.FromSeconds(60),
            () => Task.FromResult(calls.Count >= enough || running.Any(task => task.IsFaulted))
        );
    }

    /// <summary>Stops them, and waits for their last answers.</summary>
    /// <returns>All that they were answered.</returns>
    public async Task<IReadOnlyList<Call>> StopAsync()
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
        Client client,
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
            calls.Enqueue(new Call(user, answer, clock.Elapsed));
            await Task.Delay(Pause);
        }
    }
}
