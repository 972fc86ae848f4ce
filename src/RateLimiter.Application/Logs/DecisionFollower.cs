using System.Collections.Immutable;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;

namespace RateLimiter.Application.Logs;

/// <summary>Reads a client's log as it grows, for all who follow it on this instance.</summary>
/// <remarks>
/// It asks the store again and again, soon after something came and more seldom while nothing does, and at once when this
/// instance has written something. So nothing is lost when the store is away for a while: it goes on where it was.
/// </remarks>
internal sealed class DecisionFollower : IDisposable
{
    /// <summary>How long it waits for news while there are some.</summary>
    internal static readonly TimeSpan MinWait = TimeSpan.FromMilliseconds(50);

    /// <summary>The same while there are none.</summary>
    internal static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(450);

    private readonly ClientId client;
    private readonly IDecisionFeed feed;
    private readonly StreamLoad load;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationToken stopped;

    // One question at a time: what comes is passed on in its order, to exactly those who are there.
    private readonly SemaphoreSlim turn = new(1);
    private ImmutableArray<DecisionBuffer> buffers = [];
    private LogPosition? position;
    private bool isRunning;
    private TaskCompletionSource wake = NewHurry();

    public DecisionFollower(ClientId client, IDecisionFeed feed, StreamLoad load, TimeProvider time)
    {
        this.load = load;
        this.client = client;
        this.feed = feed;
        this.time = time;
        stopped = stopping.Token;
    }

    /// <summary>How many follow. Guarded by who hands the places out.</summary>
    public int Places { get; set; }

    /// <summary>There is something to read.</summary>
    public void Wake() => Volatile.Read(ref wake).TrySetResult();

    /// <summary>Passes on to one more what comes from now on.</summary>
    /// <returns>The id after which it comes.</returns>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    public async Task<long> JoinAsync(DecisionBuffer buffer, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            // The others get what has come until now.
            var now = position is null
                ? LogPosition.EndOf(await feed.ReadAsync(client, null, cancellationToken))
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

    /// <summary>Nobody follows any more. A question that is under way still gives back its turn.</summary>
    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    private static TaskCompletionSource NewHurry() =>
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
                // Before it asks: what is written from here on is worth another question.
                Interlocked.Exchange(ref wake, NewHurry());
                wait = await HasDecisionsAsync()
                    ? MinWait
                    : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, MaxWait.Ticks));
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // Nobody is left.
        }
        catch (Exception exception)
        {
            await FailAsync(exception);
        }
    }

    /// <summary>Whoever follows is told. Who comes after that tries again.</summary>
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

    private async Task<bool> HasDecisionsAsync()
    {
        await turn.WaitAsync(stopped);
        try
        {
            var (hasDecisions, next) = await ReadAsync(position!.Value, stopped);
            position = next;
            return hasDecisions;
        }
        catch (StoreUnavailableException)
        {
            // It goes on where it was when the store answers again.
            return false;
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<(bool HasDecisions, LogPosition Next)> ReadAsync(
        LogPosition from,
        CancellationToken cancellationToken
    )
    {
        var part = await feed.ReadAsync(client, from.After, cancellationToken);
        var (events, next) = from.Continue(part);
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
