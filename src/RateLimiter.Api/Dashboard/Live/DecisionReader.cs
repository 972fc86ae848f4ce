using RateLimiter.Api.Dashboard.Sessions;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Dashboard.Live;

/// <summary>
/// Reads decisions as they are made, for a component to show: the newest ones, first of all those that are kept already.
/// Whatever happens, it goes on where it was, until it is disposed of.
/// </summary>
/// <param name="session">Whose decisions. Its key and session are verified every second.</param>
/// <param name="time">The clock.</param>
/// <param name="capacity">How many lines are kept.</param>
/// <param name="changed">Called when there is something new to show, a few times a second at most.</param>
internal sealed class DecisionReader(
    DashboardSession session,
    TimeProvider time,
    int capacity,
    Func<Task> changed
) : IAsyncDisposable
{
    /// <summary>More often, people could not read it.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan VerificationInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(3);

    /// <summary>The most that is taken in before it is shown.</summary>
    private const int MaxAtOnce = 2000;

    private static readonly Failure TooMany = new(
        "Too many follow already",
        "So many connections follow the decisions of this client that no more are let in. It is tried again.",
        IsPassing: true
    );

    private readonly CancellationTokenSource ending = new();
    private readonly LinkedList<DecisionRow> rows = [];
    private Task running = Task.CompletedTask;
    private long last;

    /// <summary>Newest first.</summary>
    public IReadOnlyCollection<DecisionRow> Rows => rows;

    /// <summary>How many decisions have come, shown or not.</summary>
    public long Count { get; private set; }

    /// <summary>Of <see cref="Count"/> those denied.</summary>
    public long Denied { get; private set; }

    /// <summary>Whether what was kept already has come.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Why nothing comes; null when all is well.</summary>
    public Failure? Failure { get; private set; }

    /// <param name="request">What to follow, after the id it is given.</param>
    /// <returns>Ends when nothing more will come.</returns>
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
            Failure = reply.Failure ?? (reply.Answer!.Events is null ? TooMany : null);
            HasBegun = true;
            if (Failure is null && !await ReadAsync(reply.Answer!.Events!))
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

    /// <returns>Whether to go on; false when the session is over.</returns>
    private async Task<bool> ReadAsync(IAsyncEnumerable<DecisionEvent> events)
    {
        // The first step comes before all that can fail: with the end of the events, the place among followers is free.
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

    private void Take(DecisionEvent it)
    {
        last = it.Id;
        switch (it)
        {
            case DecisionMade made:
                Count++;
                Denied += made.Decision.Allowed ? 0 : 1;
                rows.AddFirst(new DecisionRow.Made(made.Decision));
                break;
            case DecisionsDropped gap:
                rows.AddFirst(new DecisionRow.Gap(gap.Count));
                break;
        }

        if (rows.Count > capacity)
        {
            rows.RemoveLast();
        }
    }
}
