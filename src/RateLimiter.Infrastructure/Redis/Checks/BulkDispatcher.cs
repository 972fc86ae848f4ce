using System.Runtime.CompilerServices;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Sends the calls of batches, few at once: however many batches wait, single checks get their turn in between, and so
/// do the batches of other tenants.
/// </summary>
/// <param name="acquire">
/// Acquires a number of plans in one call, with a time-out; null for those without a reply.
/// </param>
/// <param name="timeout">
/// The longest that a call waits for the store. If the calls before it got no reply, its wait for a turn counts too,
/// because that was also a wait for the store.
/// </param>
/// <param name="totalTimeout">The longest that a call waits for its turn and for the store together.</param>
/// <param name="time">The clock of both waits.</param>
internal sealed class BulkDispatcher(
    Func<KeyedPlan[], TimeSpan, CancellationToken, Task<Decision?[]>> acquire,
    TimeSpan timeout,
    TimeSpan totalTimeout,
    TimeProvider time
)
{
    private readonly Lock gate = new();
    private readonly FairQueue<TaskCompletionSource<bool>> waiting = new(CheckWork.MaxPerCall);
    private int underWay;
    private int unanswered;

    /// <summary>
    /// Sends the calls of one batch one after the other: the first check of a batch is decided first, even when several
    /// checks share a counter.
    /// </summary>
    /// <param name="batch">Of one tenant; each call with its work, which is at most the maximum of one call.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// For each call its decisions in the order of the plans; null for those that the store did not reply to.
    /// </returns>
    public async IAsyncEnumerable<Decision?[]> DispatchAsync(
        IEnumerable<(KeyedPlan[] Plans, int Work)> batch,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var (asked, failures) = (time.GetTimestamp(), Volatile.Read(ref unanswered));
        foreach (var (plans, work) in batch)
        {
            yield return await DispatchAsync(plans, work, asked, failures, cancellationToken);
        }
    }

    private async Task<Decision?[]> DispatchAsync(
        KeyedPlan[] plans,
        int work,
        long asked,
        int failures,
        CancellationToken cancellationToken
    )
    {
        var total = totalTimeout - plans[0].Plan.Waited;
        var patience = total - time.GetElapsedTime(asked);
        if (
            patience <= TimeSpan.Zero
            || !await WaitForTurnAsync(plans[0].Plan.Client, work, patience, cancellationToken)
        )
        {
            return new Decision?[plans.Length];
        }

        try
        {
            var waited = time.GetElapsedTime(asked);
            var own = failures == Volatile.Read(ref unanswered) ? timeout : timeout - waited;
            var left = total - waited < own ? total - waited : own;
            var decisions =
                left > TimeSpan.Zero
                    ? await acquire(plans, left, cancellationToken)
                    : new Decision?[plans.Length];
            if (decisions.Contains(null))
            {
                Interlocked.Increment(ref unanswered);
            }

            return decisions;
        }
        catch (StoreUnavailableException)
        {
            Interlocked.Increment(ref unanswered);
            return new Decision?[plans.Length];
        }
        finally
        {
            EndTurn();
        }
    }

    /// <returns>False when the turn did not come in time.</returns>
    private async Task<bool> WaitForTurnAsync(
        ClientId tenant,
        int work,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        var turn = new TaskCompletionSource<bool>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        lock (gate)
        {
            if (underWay < CheckBatcher.MaxCalls)
            {
                underWay++;
                return true;
            }

            waiting.Enqueue(tenant, turn, work);
        }

        using var deadline = new CancellationTokenSource(patience, time);
        await using var over = deadline.Token.Register(() => turn.TrySetResult(false));
        await using var gone = cancellationToken.Register(() =>
            turn.TrySetCanceled(cancellationToken)
        );
        return await turn.Task;
    }

    private void EndTurn()
    {
        lock (gate)
        {
            while (waiting.TryDequeue(CheckWork.MaxPerCall, out var next))
            {
                // The others have already timed out or were cancelled.
                if (next.TrySetResult(true))
                {
                    return;
                }
            }

            underWay--;
        }
    }
}
