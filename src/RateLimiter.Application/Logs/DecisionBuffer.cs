using System.Diagnostics.CodeAnalysis;

namespace RateLimiter.Application.Logs;

/// <summary>
/// The buffer of one reader, of one log of a client or of several. It is bounded, so that a slow reader does not affect others.
/// </summary>
/// <remarks>
/// Once an entry was dropped, all later ones are dropped too until the reader has emptied the buffer, so that the reader gets
/// one notice for each log and not one after every entry that fitted.
/// </remarks>
internal sealed class DecisionBuffer
{
    /// <summary>The most events that are buffered.</summary>
    internal const int Capacity = 1000;

    private readonly FollowDecisionsQuery query;
    private readonly StreamLoad load;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Queue<LogEvent> waiting = new();

    // Of each log. Made into an event only when it is taken: under load most entries are dropped.
    private readonly (long Id, long? Count)?[] dropped = new (long, long?)?[
        Enum.GetValues<ClientLog>().Length
    ];
    private bool hasDropped;
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

    /// <summary>Adds events. Entries that do not match the reader's filters are skipped.</summary>
    public void Add(IReadOnlyList<LogEvent> events)
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
    public async ValueTask<LogEvent> TakeAsync(CancellationToken cancellationToken)
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

    private void Add(LogEvent it)
    {
        var cost = it is EntryLogged ? 1 : 0;
        if (it is EntryLogged { Entry: var entry } && !query.Wants(entry))
        {
            return;
        }

        if (it is EntriesDropped gap)
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
        hasDropped = true;
        ref var all = ref dropped[(int)it.Log];
        all = (
            it.Id,
            (all is null ? 0 : all.Value.Count) + (it is EntriesDropped more ? more.Count : 1)
        );
    }

    private bool TryTake([NotNullWhen(true)] out LogEvent? taken)
    {
        if (waiting.TryDequeue(out taken))
        {
            return true;
        }

        for (var log = 0; log < dropped.Length && taken is null; log++)
        {
            if (dropped[log] is (var id, var count))
            {
                taken = new EntriesDropped((ClientLog)log, id, count);
                dropped[log] = null;
            }
        }

        hasDropped = Array.Exists(dropped, it => it is not null);
        return taken is not null;
    }
}
