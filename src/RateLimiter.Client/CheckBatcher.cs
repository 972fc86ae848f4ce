using System.Diagnostics;

namespace RateLimiting.Client;

/// <summary>
/// Combines concurrent checks into batches, so that a busier process needs fewer requests per check. Without a batch window no
/// check is delayed for this: a check is sent at once unless the maximum number of requests is in progress; the checks that
/// queue up behind them are sent together as soon as one of the requests ends.
/// </summary>
/// <param name="ask">Sends a batch of checks to the service and returns the results in the same order.</param>
/// <param name="options">The limits on sizes and times.</param>
/// <param name="outage">Receives failures that the HTTP request does not show: a check cannot be sent, or has no decision.</param>
/// <param name="time">The clock for waits.</param>
internal sealed class CheckBatcher(
    Func<IReadOnlyList<RateLimitCheck>, Task<IReadOnlyList<RateLimitResult>>> ask,
    RateLimiterClientOptions options,
    Outage outage,
    TimeProvider time
) : IDisposable
{
    /// <summary>Below the 1 MiB that the service accepts.</summary>
    private const int MaxBatchBytes = 1_000_000;

    /// <summary>How often the pending checks are searched for timed-out ones.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(50);

    private readonly object gate = new();
    private readonly Queue<PendingCheck> waiting = new();
    private readonly List<PendingCheck[]> calls = [];
    private ITimer? sweep;
    private ITimer? window;
    private bool isSweeping;
    private bool isWindowOpen;
    private bool isDisposed;

    /// <exception cref="RateLimiterUnavailableException">Too many checks are waiting, or no response came in time.</exception>
    public async Task<RateLimitDecision> CheckAsync(
        RateLimitCheck check,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var pending = new PendingCheck(check, time.GetTimestamp());
        Enqueue(pending);
        // A cancelled check that is still queued is not sent; a sent request continues for the other checks in it.
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

    // Called under the lock.
    private void SendWhatWaits()
    {
        while (calls.Count < options.MaxConcurrentBatches && NextCall() is { } call)
        {
            calls.Add(call);
            // On another thread, so that the request does not inherit the context of the check that happened to come first.
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Batcher.SendAsync(state.Call),
                (Batcher: this, Call: call),
                preferLocal: false
            );
        }
    }

    private async Task SendAsync(PendingCheck[] call)
    {
        // A single check is traced as part of its caller's activity.
        Activity.Current = call.Length == 1 ? call[0].Activity : null;
        var asked = Outage.Now();
        IReadOnlyList<RateLimitResult>? results = null;
        Exception? failure = null;
        try
        {
            results = await ask(Array.ConvertAll(call, pending => pending.Check))
                .ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Any exception is passed to the waiting callers.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        // Send the next request first: the service works on it while these checks are completed.
        lock (gate)
        {
            calls.Remove(call);
            // Checks that came meanwhile have waited longer than a batch window, unless one is open.
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
    /// Dequeues the next batch, first in, first out. Checks that have timed out are skipped.
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
        // The timer outlives the check that happens to create it.
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

        // All checks have the same timeout, so the oldest time out first.
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
}
