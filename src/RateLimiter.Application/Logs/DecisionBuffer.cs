using System.Diagnostics.CodeAnalysis;

namespace RateLimiter.Application.Logs;

/// <summary>The buffer of one reader of a decision log. It is bounded, so that a slow reader does not affect others.</summary>
/// <remarks>
/// Once a decision was dropped, all later ones are dropped too until the reader has emptied the buffer, so that the reader gets
/// one notice and not one after every decision that fitted.
/// </remarks>
internal sealed class DecisionBuffer
{
    /// <summary>The most events that are buffered.</summary>
    internal const int Capacity = 1000;

    private readonly FollowDecisionsQuery query;
    private readonly StreamLoad load;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Queue<DecisionEvent> waiting = new();

    // Made into an event only when it is taken: under load most decisions are dropped.
    private bool hasDropped;
    private long? droppedCount;
    private long droppedId;
    private TaskCompletionSource? awaited;
    private Exception? failure;
    private double allowance;
    private long allowedAt;

    public DecisionBuffer(FollowDecisionsQuery query, StreamLoad load, TimeProvider time)
    {
        this.query = query;
        this.load = load;
        this.time = time;
        allowance = load.EventsPerSecond;
        allowedAt = time.GetTimestamp();
    }

    /// <summary>Adds events. Decisions that do not match the reader's filters are skipped.</summary>
    public void Add(IReadOnlyList<DecisionEvent> events)
    {
        TaskCompletionSource? waker;
        lock (gate)
        {
            Allow();
            foreach (var it in events)
            {
                Add(it);
            }

            if (waiting.Count == 0 && !hasDropped)
            {
                return;
            }

            (waker, awaited) = (awaited, null);
        }

        waker?.TrySetResult();
    }

    /// <summary>Ends the buffer after a failure. The reader gets the buffered events, and then the exception.</summary>
    public void Fail(Exception exception)
    {
        TaskCompletionSource? waker;
        lock (gate)
        {
            failure = exception;
            (waker, awaited) = (awaited, null);
        }

        waker?.TrySetResult();
    }

    /// <summary>Takes the next event, or waits for one. One reader at a time.</summary>
    public async ValueTask<DecisionEvent> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task arrival;
            lock (gate)
            {
                if (TryTake(out var taken))
                {
                    return taken;
                }

                if (failure is not null)
                {
                    throw new InvalidOperationException("The log cannot be followed.", failure);
                }

                awaited = new(TaskCreationOptions.RunContinuationsAsynchronously);
                arrival = awaited.Task;
            }

            await arrival.WaitAsync(cancellationToken);
        }
    }

    private void Allow()
    {
        var now = time.GetTimestamp();
        var perSecond = load.EventsPerSecond;
        allowance = Math.Min(
            perSecond,
            allowance + (time.GetElapsedTime(allowedAt, now).TotalSeconds * perSecond)
        );
        allowedAt = now;
    }

    private void Add(DecisionEvent it)
    {
        var cost = it is DecisionMade ? 1 : 0;
        if (it is DecisionMade { Decision: var decision } && !query.Wants(decision))
        {
            return;
        }

        if (it is DecisionsDropped gap)
        {
            load.Drop(gap.Count ?? 0);
        }

        if (!hasDropped && waiting.Count < Capacity && allowance >= cost)
        {
            allowance -= cost;
            waiting.Enqueue(it);
            return;
        }

        load.Drop(cost);
        var before = hasDropped ? droppedCount : 0;
        hasDropped = true;
        droppedCount = before + (it is DecisionsDropped more ? more.Count : 1);
        droppedId = it.Id;
    }

    private bool TryTake([NotNullWhen(true)] out DecisionEvent? taken)
    {
        if (waiting.TryDequeue(out taken))
        {
            return true;
        }

        taken = hasDropped ? new DecisionsDropped(droppedId, droppedCount) : null;
        hasDropped = false;
        return taken is not null;
    }
}
