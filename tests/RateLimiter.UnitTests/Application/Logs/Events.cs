using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Logs;

namespace RateLimiter.UnitTests.Application.Logs;

/// <summary>Formats the events of a followed log as short texts.</summary>
internal static class Events
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    /// <summary>The real time that other threads get for work that a step of the fake clock starts.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary><c>ID USER</c>, or <c>ID dropped COUNT</c>; before it <c>change</c>, if it is none of decisions.</summary>
    public static string Tell(LogEvent it) =>
        (it.Log == ClientLog.Decisions ? "" : "change ")
        + it switch
        {
            EntryLogged made => $"{made.Id} {made.Entry.UserId}",
            EntriesDropped gap => $"{gap.Id} dropped {gap.Count?.ToString() ?? "?"}",
            _ => throw new ArgumentOutOfRangeException(nameof(it)),
        };

    /// <summary>The next events; the clock advances for as long as they take.</summary>
    public static async Task<IReadOnlyList<string>> NextAsync(
        this IAsyncEnumerator<LogEvent> events,
        int count,
        FakeTimeProvider time
    )
    {
        var texts = new List<string>();
        while (texts.Count < count)
        {
            var next = events.MoveNextAsync().AsTask();
            await time.GoOnUntilAsync(() => next.IsCompleted);
            Assert.That(await next, Is.True);
            texts.Add(Tell(events.Current));
        }

        return texts;
    }

    /// <summary>Advances the clock by a duration, step by step.</summary>
    public static Task GoOnAsync(this FakeTimeProvider time, TimeSpan duration)
    {
        var end = time.GetUtcNow() + duration;
        return time.GoOnUntilAsync(() => time.GetUtcNow() >= end);
    }

    /// <summary>
    /// Whether a task completes while the clock advances by a duration, slowly enough for other threads to keep up.
    /// </summary>
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

    /// <summary>Advances the clock until a condition holds.</summary>
    public static async Task GoOnUntilAsync(this FakeTimeProvider time, Func<bool> isSo)
    {
        // Bounded by real time, because the work that a step of the clock starts runs on other threads.
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isSo())
        {
            late.Token.ThrowIfCancellationRequested();
            time.Advance(Step);
            await Task.Yield();
        }
    }
}
