using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Logs;

namespace RateLimiter.UnitTests.Application.Logs;

/// <summary>What comes while a log is followed, as short texts.</summary>
internal static class Events
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    /// <summary>So long others have, in real time, to do what a moment of the clock starts.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary><c>ID USER</c>, or <c>ID left out COUNT</c>.</summary>
    public static string Tell(DecisionEvent it) =>
        it switch
        {
            DecisionMade made => $"{made.Id} {made.Decision.UserId}",
            DecisionsDropped gap => $"{gap.Id} left out {gap.Count?.ToString() ?? "?"}",
            _ => throw new ArgumentOutOfRangeException(nameof(it)),
        };

    /// <summary>The next ones, for which the clock goes on for as long as it takes.</summary>
    public static async Task<IReadOnlyList<string>> NextAsync(
        this IAsyncEnumerator<DecisionEvent> events,
        int count,
        FakeTimeProvider time
    )
    {
        var told = new List<string>();
        while (told.Count < count)
        {
            var next = events.MoveNextAsync().AsTask();
            await time.GoOnUntilAsync(() => next.IsCompleted);
            Assert.That(await next, Is.True);
            told.Add(Tell(events.Current));
        }

        return told;
    }

    /// <summary>Lets the clock go on for a time, step by step.</summary>
    public static Task GoOnAsync(this FakeTimeProvider time, TimeSpan duration)
    {
        var end = time.GetUtcNow() + duration;
        return time.GoOnUntilAsync(() => time.GetUtcNow() >= end);
    }

    /// <summary>Whether something happens while the clock goes on for a time, so slowly that others keep up with it.</summary>
    public static async Task<bool> HappensWithinAsync(
        this FakeTimeProvider time,
        TimeSpan duration,
        Task it
    )
    {
        var step = duration / 25;
        var end = time.GetUtcNow() + duration;
        while (!it.IsCompleted && time.GetUtcNow() < end)
        {
            time.Advance(step);
            await Task.WhenAny(it, Task.Delay(Pause));
        }

        return it.IsCompleted;
    }

    /// <summary>Lets the clock go on until something is so.</summary>
    public static async Task GoOnUntilAsync(this FakeTimeProvider time, Func<bool> isSo)
    {
        // Real time bounds it: what happens at a moment of the clock happens on other threads.
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isSo())
        {
            late.Token.ThrowIfCancellationRequested();
            time.Advance(Step);
            await Task.Yield();
        }
    }
}
