using System.Diagnostics;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Gathers checks that come at the same time, so that the busier it gets the fewer calls a check costs. Nothing is
/// delayed for it: a check goes out at once unless so many calls are under way already, and what has gathered behind
/// them goes out together as soon as one of them ends, so much of it as is a call's work, of one tenant after the other.
/// </summary>
/// <param name="decide">
/// Asks the store for all of some requests at once, and answers in their order; null where a counter is broken.
/// </param>
/// <param name="timeout">The longest that a check waits, here and for the store together.</param>
/// <param name="time">The clock of that wait.</param>
internal sealed class CheckBatcher(
    Func<PermitRequest[], Task<Decision?[]>> decide,
    TimeSpan timeout,
    TimeProvider time
) : IDisposable
{
    /// <summary>One call is being worked on by the store while the next is on its way.</summary>
    internal const int MaxCalls = 2;

    /// <summary>
    /// The most checks that wait, and as many again of tenants that have less than their share of them. At 40,000 a
    /// second, this many wait for a quarter of a second.
    /// </summary>
    internal const int MaxWaiting = 10_000;

    /// <summary>How often the waiting ones are looked through for those whose time is over.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock gate = new();
    private readonly FairQueue<PendingCheck> waiting = new(CheckWork.Turn);
    private readonly List<PendingCheck[]> calls = [];
    private ITimer? sweep;
    private bool isSweeping;

    /// <summary>How many checks wait to be sent.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    /// <returns>Null when no answer came in time. What was not sent by then is not sent any more.</returns>
    /// <exception cref="StoreUnavailableException">Too many wait.</exception>
    public Task<Decision?> DecideAsync(PermitRequest request)
    {
        var check = new PendingCheck(request, time.GetTimestamp() - TimestampsIn(request.Waited));
        var tenant = request.Subject.Client;
        PendingCheck[]? call;
        lock (gate)
        {
            if (waiting.Count >= MaxWaiting && waiting.HasShareOf(MaxWaiting, tenant))
            {
                throw new StoreUnavailableException("Too many checks wait for the store.");
            }

            waiting.Enqueue(tenant, check, check.Work);
            call = calls.Count < MaxCalls ? NextCall() : null;
            if (!isSweeping)
            {
                isSweeping = true;
                sweep ??= time.CreateTimer(
                    _ => Sweep(),
                    null,
                    Timeout.InfiniteTimeSpan,
                    Timeout.InfiniteTimeSpan
                );
                sweep.Change(SweepInterval, SweepInterval);
            }
        }

        if (call is not null)
        {
            _ = SendAsync(call);
        }

        return check.Task;
    }

    public void Dispose() => sweep?.Dispose();

    private async Task SendAsync(PendingCheck[] call)
    {
        Decision?[]? decisions = null;
        Exception? failure = null;
        using var span = StartSpan(call);
        try
        {
            decisions = await decide([.. call.Select(check => check.Request)]);
        }
        catch (StoreUnavailableException)
        {
            // Nobody has an answer.
        }
#pragma warning disable CA1031 // Whatever else it is, it is told to those who wait.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        // The next call first: the store works on it while these are answered.
        PendingCheck[]? next;
        lock (gate)
        {
            calls.Remove(call);
            next = NextCall();
        }

        if (next is not null)
        {
            _ = SendAsync(next);
        }

        for (var i = 0; i < call.Length; i++)
        {
            if (failure is null)
            {
                call[i].TrySetResult(decisions?[i]);
            }
            else
            {
                call[i].TrySetException(failure);
            }
        }
    }

    /// <summary>
    /// A call is a part of many traces, and a span can be of one only: it is of the first check's, and it and the spans of
    /// the others name each other.
    /// </summary>
    private static Activity? StartSpan(PendingCheck[] call)
    {
        if (!Instrumentation.Spans.HasListeners())
        {
            return null;
        }

        // What is current is what the call before was for.
        Activity.Current = null;
        var traced = call.Select(check => check.Span)
            .OfType<Activity>()
            .Where(span => span.Recorded)
            .ToList();
        if (traced.Count == 0)
        {
            return null;
        }

        var others = traced.Skip(1).ToList();
        var span = Instrumentation.Spans.StartActivity(
            "gathered checks",
            ActivityKind.Internal,
            traced[0].Context,
            tags: [new("ratelimiter.checks", call.Length)],
            links: others.Select(other => new ActivityLink(other.Context))
        );
        if (span is not null)
        {
            others.ForEach(other => other.AddLink(new ActivityLink(span.Context)));
        }

        return span;
    }

    /// <summary>Takes what waits. Whoever has been told that his time is over is not asked for any more.</summary>
    private PendingCheck[]? NextCall()
    {
        var call = new List<PendingCheck>(Math.Min(waiting.Count, CheckWork.MaxPerCall));
        var room = CheckWork.MaxPerCall;
        while (waiting.TryDequeue(room, out var check))
        {
            if (!check.Task.IsCompleted)
            {
                call.Add(check);
                room -= check.Work;
            }
        }

        if (call.Count == 0)
        {
            return null;
        }

        PendingCheck[] checks = [.. call];
        calls.Add(checks);
        return checks;
    }

    private void Sweep()
    {
        List<PendingCheck>? overdue = null;
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
                Collect(call);
            }

            foreach (var lane in waiting.Lanes)
            {
                Collect(lane);
            }
        }

        foreach (var check in overdue ?? [])
        {
            check.TrySetResult(null);
        }

        void Collect(IEnumerable<PendingCheck> checks)
        {
            foreach (var check in checks)
            {
                if (time.GetElapsedTime(check.Since) >= timeout && !check.Task.IsCompleted)
                {
                    (overdue ??= []).Add(check);
                }
            }
        }
    }

    private long TimestampsIn(TimeSpan duration) =>
        (long)(duration.TotalSeconds * time.TimestampFrequency);

    // Who waits goes on where its answer arrives: a switch to another thread costs more than most of what follows.
    private sealed class PendingCheck(PermitRequest request, long since)
        : TaskCompletionSource<Decision?>
    {
        public PermitRequest Request { get; } = request;

        /// <summary>How much work the store has with it.</summary>
        public int Work { get; } = CheckWork.Of(request.Policy);

        /// <summary>The span in which it was asked, if somebody wants to know.</summary>
        public Activity? Span { get; } =
            Instrumentation.Spans.HasListeners() ? Activity.Current : null;

        /// <summary>When its time began, by the clock's timestamp.</summary>
        public long Since { get; } = since;
    }
}
