using System.Diagnostics;

namespace RateLimiting.Client;

/// <summary>
/// Gathers checks that come at the same time, so that the busier the process is the fewer requests a check costs. Without a
/// window nothing is delayed for it: a check goes out at once unless so many requests are under way already, and what has
/// gathered behind them goes out together as soon as one of them ends.
/// </summary>
/// <param name="ask">Asks the service for all of some checks at once, and answers in their order.</param>
/// <param name="options">How many, and how long.</param>
/// <param name="outage">Told what the request does not say: that a check cannot be sent, or has no decision.</param>
/// <param name="time">The clock of the waits.</param>
internal sealed class CheckBatcher(
    Func<IReadOnlyList<RateLimitCheck>, Task<IReadOnlyList<RateLimitResult>>> ask,
    RateLimiterClientOptions options,
    Outage outage,
    TimeProvider time
) : IDisposable
{
    /// <summary>The service takes up to 1 MiB.</summary>
    private const int MaxBatchBytes = 1_000_000;

    /// <summary>How often those that wait are looked through for those whose time is over.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(50);

    private readonly object gate = new();
    private readonly Queue<PendingCheck> waiting = new();
    private readonly List<PendingCheck[]> calls = [];
    private ITimer? sweep;
    private ITimer? window;
    private bool isSweeping;
    private bool isWindowOpen;
    private bool isDisposed;

    /// <exception cref="RateLimiterUnavailableException">Too many wait, or no answer came in time.</exception>
    public async Task<RateLimitDecision> CheckAsync(
        RateLimitCheck check,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new PendingCheck(check, time.GetTimestamp());
        Enqueue(pending);
        // What was not sent by then is not sent any more; what was sent goes on for the others.
        await using var _ = cancellationToken
            .UnsafeRegister(
                static (state, token) => ((PendingCheck)state!).TrySetCanceled(token),
                pending
            )
            .ConfigureAwait(false);
        return await pending.Task.ConfigureAwait(false);
    }

    public void Dispose()
    {
        List<PendingCheck> left;
        lock (gate)
        {
            isDisposed = true;
            sweep?.Dispose();
            window?.Dispose();
            left = [.. waiting];
            waiting.Clear();
        }

        foreach (var check in left)
        {
            check.TrySetException(new ObjectDisposedException(nameof(RateLimiterClient)));
        }
    }

    private void Enqueue(PendingCheck check)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, typeof(RateLimiterClient));
            if (waiting.Count >= options.MaxWaitingChecks)
            {
                var message = $"{options.MaxWaitingChecks} checks wait for RateLimiter already.";
                outage.Fail(Outage.Now(), message);
                throw new RateLimiterUnavailableException(message, mayHaveCounted: false);
            }

            waiting.Enqueue(check);
            StartSweeping();
            if (options.BatchWindow == TimeSpan.Zero || waiting.Count >= options.MaxBatchSize)
            {
                SendWhatWaits();
            }
            else if (!isWindowOpen)
            {
                isWindowOpen = true;
                window ??= CreateTimer(CloseWindow);
                window.Change(options.BatchWindow, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void CloseWindow()
    {
        lock (gate)
        {
            isWindowOpen = false;
            SendWhatWaits();
        }
    }

    // Under the lock.
    private void SendWhatWaits()
    {
        while (calls.Count < options.MaxConcurrentBatches && NextCall() is { } call)
        {
            calls.Add(call);
            // Elsewhere, so that a request has nothing of whoever happened to come first: all of them come after him.
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Batcher.SendAsync(state.Call),
                (Batcher: this, Call: call),
                preferLocal: false
            );
        }
    }

    private async Task SendAsync(PendingCheck[] call)
    {
        // One alone is traced as part of what it is for.
        Activity.Current = call.Length == 1 ? call[0].Activity : null;
        var asked = Outage.Now();
        IReadOnlyList<RateLimitResult>? results = null;
        Exception? failure = null;
        try
        {
            results = await ask(Array.ConvertAll(call, pending => pending.Check))
                .ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is, it is told to those who wait.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        // The next request first: the service works on it while these are answered.
        lock (gate)
        {
            calls.Remove(call);
            // What has come meanwhile waited longer than any window, unless one is open.
            if (!isWindowOpen || waiting.Count >= options.MaxBatchSize)
            {
                SendWhatWaits();
            }
        }

        for (var i = 0; i < call.Length; i++)
        {
            if (failure is not null)
            {
                call[i].TrySetException(failure);
            }
            else if (results![i].Decision is { } decision)
            {
                call[i].TrySetResult(decision);
            }
            else
            {
                call[i].TrySetException(Refusal(asked, results[i].Problem));
            }
        }
    }

    /// <summary>
    /// Takes what waits, those who came first first. Whoever has been told that his time is over is not asked for any more.
    /// </summary>
    private PendingCheck[]? NextCall()
    {
        List<PendingCheck>? call = null;
        var bytes = 0;
        while (
            (call?.Count ?? 0) < options.MaxBatchSize
            && waiting.TryPeek(out var check)
            && (call is null || bytes + check.Bytes <= MaxBatchBytes)
        )
        {
            waiting.Dequeue();
            if (!check.Task.IsCompleted)
            {
                (call ??= new(Math.Min(waiting.Count + 1, options.MaxBatchSize))).Add(check);
                bytes += check.Bytes;
            }
        }

        return call?.ToArray();
    }

    private void StartSweeping()
    {
        if (!isSweeping)
        {
            isSweeping = true;
            sweep ??= CreateTimer(Sweep);
            sweep.Change(SweepInterval, SweepInterval);
        }
    }

    private ITimer CreateTimer(Action tick)
    {
        // It outlives whoever happens to come first.
        using var _ = ExecutionContext.SuppressFlow();
        return time.CreateTimer(
            static state => ((Action)state!)(),
            tick,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
    }

    private void Sweep()
    {
        List<(PendingCheck Check, bool IsSent)>? overdue = null;
        lock (gate)
        {
            if (waiting.Count == 0 && calls.Count == 0)
            {
                isSweeping = false;
                sweep!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }

            foreach (var call in calls)
            {
                Collect(call, isSent: true);
            }

            Collect(waiting, isSent: false);
        }

        foreach (var (check, isSent) in overdue ?? [])
        {
            check.TrySetException(NoAnswer(isSent && check.Check.Cost > 0));
        }

        // All wait equally long, so that those who came first are over first.
        void Collect(IEnumerable<PendingCheck> checks, bool isSent)
        {
            foreach (var check in checks)
            {
                if (time.GetElapsedTime(check.Since) < options.Timeout)
                {
                    break;
                }

                if (!check.Task.IsCompleted)
                {
                    (overdue ??= []).Add((check, isSent));
                }
            }
        }
    }

    private static RateLimiterUnavailableException NoAnswer(bool mayHaveCounted) =>
        new("RateLimiter did not answer in time.", mayHaveCounted);

    private Exception Refusal(long asked, RateLimiterProblem? problem)
    {
        if (problem?.Status is { } status && !Failures.IsOutage(status))
        {
            return new RateLimiterApiException(status, problem);
        }

        var message = $"RateLimiter cannot answer: {problem?.Describe()}";
        outage.Fail(asked, message);
        return new RateLimiterUnavailableException(message, mayHaveCounted: true);
    }

    // Who waits goes on elsewhere: what he does then must not keep the others from their answers.
    private sealed class PendingCheck(RateLimitCheck check, long since)
        : TaskCompletionSource<RateLimitDecision>(
            TaskCreationOptions.RunContinuationsAsynchronously
        )
    {
        // As JSON a character takes up to six bytes.
        private const int BytesPerCharacter = 6;
        private const int BytesOfNames = 80;

        public RateLimitCheck Check { get; } = check;

        /// <summary>When it was asked, by the clock's timestamp.</summary>
        public long Since { get; } = since;

        /// <summary>What it is part of, for the trace.</summary>
        public Activity? Activity { get; } = Activity.Current;

        /// <summary>The most that it can take up in a request.</summary>
        public int Bytes { get; } =
            BytesOfNames
            + BytesPerCharacter
                * (check.UserId.Length + check.RouteKey.Length + (check.Role?.Length ?? 0));
    }
}
