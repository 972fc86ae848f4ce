using System.Collections.Immutable;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;

namespace RateLimiter.Application.Logs;

/// <summary>Reads a log of a client as it grows, for all readers on this instance.</summary>
/// <remarks>
/// It polls the store: frequently after new entries, less often while there are none, and at once when this instance has
/// written some. So nothing is lost when the store is unavailable for a while: polling continues at the same position.
/// </remarks>
internal sealed class DecisionFollower : IDisposable
{
    /// <summary>The poll interval while there are new entries.</summary>
    internal static readonly TimeSpan MinWait = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest poll interval while there are none.</summary>
    internal static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(450);

    private readonly ClientId client;
    private readonly ClientLog log;
    private readonly IDecisionFeed feed;
    private readonly StreamLoad load;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationToken stopped;

    // One read at a time: events are delivered in order, to exactly the readers that have joined.
    private readonly SemaphoreSlim turn = new(1);
    private ImmutableArray<DecisionBuffer> buffers = [];
    private LogPosition? position;
    private bool isRunning;
    private TaskCompletionSource wake = NewWake();

    public DecisionFollower(
        ClientId client,
        ClientLog log,
        IDecisionFeed feed,
        StreamLoad load,
        TimeProvider time
    )
    {
        this.load = load;
        this.client = client;
        this.log = log;
        this.feed = feed;
        this.time = time;
        stopped = stopping.Token;
    }

    /// <summary>The number of readers. Guarded by the lock of <see cref="DecisionFollowers"/>.</summary>
    public int Places { get; set; }

    /// <summary>Signals that there is something to read.</summary>
    public void Wake() => Volatile.Read(ref wake).TrySetResult();

    /// <summary>Adds a reader, which gets the events from now on.</summary>
    /// <returns>The id after which the events begin.</returns>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    public async Task<long> JoinAsync(DecisionBuffer buffer, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            // The earlier readers get what has arrived until now.
            var now = position is null
                ? LogPosition.EndOf(await feed.ReadAsync(client, log, null, cancellationToken))
                : (await ReadAsync(position.Value, cancellationToken)).Next;
            position = now;
            ImmutableInterlocked.Update(ref buffers, (all, it) => all.Add(it), buffer);
            if (!isRunning)
            {
                isRunning = true;
                _ = Task.Run(RunAsync, CancellationToken.None);
            }

            return now.After;
        }
        finally
        {
            turn.Release();
        }
    }

    public void Remove(DecisionBuffer buffer) =>
        ImmutableInterlocked.Update(ref buffers, (all, it) => all.Remove(it), buffer);

    /// <summary>Stops, because no readers are left. A read in progress still releases its turn.</summary>
    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    private static TaskCompletionSource NewWake() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync()
    {
        try
        {
            var wait = MinWait;
            while (true)
            {
                await Task.Delay(load.Rest, time, stopped);
                await Volatile
                    .Read(ref wake)
                    .Task.WaitAsync(wait, time, stopped)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stopped.ThrowIfCancellationRequested();
                // Before the read: anything written from here on needs another read.
                Interlocked.Exchange(ref wake, NewWake());
                wait = await HasEntriesAsync()
                    ? MinWait
                    : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, MaxWait.Ticks));
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // No readers are left.
        }
        catch (Exception exception)
        {
            await FailAsync(exception);
        }
    }

    /// <summary>Passes the failure to all readers. A reader that joins later starts again.</summary>
    private async Task FailAsync(Exception exception)
    {
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            isRunning = false;
            foreach (var buffer in buffers)
            {
                buffer.Fail(exception);
            }
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<bool> HasEntriesAsync()
    {
        await turn.WaitAsync(stopped);
        try
        {
            var (hasEntries, next) = await ReadAsync(position!.Value, stopped);
            position = next;
            return hasEntries;
        }
        catch (StoreUnavailableException)
        {
            // It continues at the same position when the store answers again.
            return false;
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<(bool HasEntries, LogPosition Next)> ReadAsync(
        LogPosition from,
        CancellationToken cancellationToken
    )
    {
        var part = await feed.ReadAsync(client, log, from.After, cancellationToken);
        var (events, next) = from.Continue(part, log);
        if (events.Count > 0)
        {
            foreach (var buffer in buffers)
            {
                buffer.Add(events);
            }
        }

        return (events.Count > 0, next);
    }
}
