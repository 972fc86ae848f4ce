using RateLimiter.Application.Clients;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Live;

/// <summary>
/// Reads live decisions for a component to show: the newest ones, starting with those that the log keeps. After any failure
/// it resumes where it was, until it is disposed of.
/// </summary>
/// <param name="session">The session whose decisions are read. Its key and session are verified every second.</param>
/// <param name="time">The clock.</param>
/// <param name="capacity">The number of rows that are kept.</param>
/// <param name="changed">Called when there are changes to show, a few times a second at most.</param>
internal sealed class DecisionReader(
    DashboardSession session,
    TimeProvider time,
    int capacity,
    Func<Task> changed
) : IAsyncDisposable
{
    /// <summary>Faster updates would be unreadable.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan VerificationInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(3);

    /// <summary>The maximum number of events read before an update.</summary>
    private const int MaxAtOnce = 2000;

    private static readonly Failure TooMany = new(
        "Too many open streams",
        "Too many connections follow the decisions of this client, so that no more are accepted. The page retries.",
        IsPassing: true
    );

    private readonly CancellationTokenSource ending = new();
    private readonly LinkedList<DecisionRow> rows = [];
    private Task running = Task.CompletedTask;
    private long last;

    /// <summary>Newest first.</summary>
    public IReadOnlyCollection<DecisionRow> Rows => rows;

    /// <summary>The number of received decisions, shown or not.</summary>
    public long Count { get; private set; }

    /// <summary>The number of denied ones among <see cref="Count"/>.</summary>
    public long Denied { get; private set; }

    /// <summary>Whether the logged decisions have been received.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Why nothing is received; null without a failure.</summary>
    public Failure? Failure { get; private set; }

    /// <param name="request">What to follow, from the given id on.</param>
    /// <returns>Completes when nothing more will be received.</returns>
    public Task Start(Func<AuthenticatedCaller, long, FollowDecisionsQuery> request) =>
        running = RunAsync(request);

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ending.Dispose();
    }

    private async Task RunAsync(Func<AuthenticatedCaller, long, FollowDecisionsQuery> request)
    {
        while (!ending.IsCancellationRequested)
        {
            var reply = await session.SendAsync(
                Scopes.LogsRead,
                caller => request(caller, last),
                ending.Token
            );
            Failure = reply.Failure ?? (reply.Value!.Events is null ? TooMany : null);
            HasBegun = true;
            if (Failure is null && !await ReadAsync(reply.Value!.Events!))
            {
                return;
            }

            await changed();
            if (Failure is { IsPassing: false })
            {
                return;
            }

            await Task.Delay(RetryInterval, time, ending.Token);
        }
    }

    /// <returns>Whether to continue; false when the session has ended.</returns>
    private async Task<bool> ReadAsync(IAsyncEnumerable<LogEvent> events)
    {
        // The first step comes before anything that can fail: when the enumeration ends, the stream slot is free again.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        var reader = events.GetAsyncEnumerator(reading.Token);
        var next = reader.MoveNextAsync().AsTask();
        var verified = time.GetTimestamp();
        try
        {
            while (true)
            {
                for (var taken = 0; next.IsCompleted && taken < MaxAtOnce; taken++)
                {
                    await next;
                    Take(reader.Current);
                    next = reader.MoveNextAsync().AsTask();
                }

                await changed();
                await Task.WhenAll(
                    Task.Delay(Pace, time, ending.Token),
                    Task.WhenAny(next, Task.Delay(VerificationInterval, time, ending.Token))
                );
                ending.Token.ThrowIfCancellationRequested();
                if (time.GetElapsedTime(verified) > VerificationInterval)
                {
                    if (!await session.VerifyAsync())
                    {
                        return false;
                    }

                    verified = time.GetTimestamp();
                }
            }
        }
        catch (StoreUnavailableException)
        {
            Failure = Failure.StoreUnavailable;
            return true;
        }
        finally
        {
            await reading.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await reader.DisposeAsync();
        }
    }

    private void Take(LogEvent it)
    {
        last = it.Id;
        switch (it)
        {
            case EntryLogged made:
                Count++;
                Denied += made.Entry.Allowed ? 0 : 1;
                rows.AddFirst(new DecisionRow.Made(made.Entry));
                break;
            case EntriesDropped gap:
                rows.AddFirst(new DecisionRow.Gap(gap.Count));
                break;
        }

        if (rows.Count > capacity)
        {
            rows.RemoveLast();
        }
    }
}
