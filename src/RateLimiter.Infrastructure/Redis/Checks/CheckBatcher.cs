using System.Diagnostics;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Batches concurrent checks, so that the calls per check decrease as the load increases. Nothing is delayed for it: a
/// check is sent at once unless the maximum number of calls is in progress, and the checks that queue behind them are
/// sent together as soon as one of them ends, up to the work of one call, the tenants taking turns.
/// </summary>
/// <param name="decide">
/// Decides a number of plans in one call, and returns the decisions in their order; null where a counter is broken.
/// </param>
/// <param name="timeout">The longest that a check waits, here and for the store together.</param>
/// <param name="time">The clock of that wait.</param>
internal sealed class CheckBatcher(
    Func<KeyedPlan[], Task<Decision?[]>> decide,
    TimeSpan timeout,
    TimeProvider time
) : IDisposable
{
    /// <summary>The store processes one call while the next is on its way.</summary>
    internal const int MaxCalls = 2;

    /// <summary>
    /// The most checks that wait; tenants below their share may add as many again. At 40,000 checks per second, this
    /// many wait for a quarter of a second.
    /// </summary>
    internal const int MaxWaiting = 10_000;

    /// <summary>How often the waiting checks are searched for expired ones.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock gate = new();
    private readonly FairQueue<PendingCheck> waiting = new(CheckWork.Turn);
    private readonly List<PendingCheck[]> calls = [];
    private ITimer? sweep;
    private bool isSweeping;

    /// <summary>The number of checks that wait to be sent.</summary>
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

    /// <returns>Null when no reply came in time. A check that was not sent by then is not sent any more.</returns>
    /// <exception cref="StoreUnavailableException">Too many checks wait.</exception>
    public Task<Decision?> DecideAsync(KeyedPlan keyed)
    {
        var check = new PendingCheck(keyed, time.GetTimestamp() - TimestampsIn(keyed.Plan.Waited));
        var tenant = keyed.Plan.Client;
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
            decisions = await decide([.. call.Select(check => check.Plan)]);
        }
        catch (StoreUnavailableException)
        {
            // None of these checks has a decision.
        }
#pragma warning disable CA1031 // Any other exception is passed to the waiting callers.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        // Send the next call first: the store processes it while the callers of this one get their decisions.
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
    /// A call belongs to many traces, but a span to only one: the span is a child of the first check's span, and it and
    /// the spans of the other checks link to each other.
    /// </summary>
    private static Activity? StartSpan(PendingCheck[] call)
    {
        if (!Instrumentation.Spans.HasListeners())
        {
            return null;
        }

        // The current activity belongs to the previous call.
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
            "check.batch",
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

    /// <summary>Dequeues the next call. Checks that have timed out are not sent any more.</summary>
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

    // Continuations run synchronously where the reply arrives: a thread switch costs more than most of what follows.
    private sealed class PendingCheck(KeyedPlan keyed, long since) : TaskCompletionSource<Decision?>
    {
        public KeyedPlan Plan { get; } = keyed;

        /// <summary>The work that the check causes in the store.</summary>
        public int Work { get; } = CheckWork.Of(keyed.Plan.Limits);

        /// <summary>The span in which the check was requested, if it is traced.</summary>
        public Activity? Span { get; } =
            Instrumentation.Spans.HasListeners() ? Activity.Current : null;

        /// <summary>When its wait began, as a timestamp of the clock.</summary>
        public long Since { get; } = since;
    }
}
