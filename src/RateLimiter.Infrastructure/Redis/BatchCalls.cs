using RateLimiter.Application;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// Calls for parts of batches, few at once: however many batches wait, single checks get their turn in between.
/// </summary>
/// <param name="take">
/// Asks the store for all of some requests at once, and waits for so long; null where there is no answer.
/// </param>
/// <param name="timeout">
/// The longest that a call waits for the store. Where the calls before it got no answer, its wait for a turn counts as
/// well, because that was a wait for the store too.
/// </param>
/// <param name="totalTimeout">The longest that a call waits for its turn and for the store together.</param>
/// <param name="time">The clock of the wait for the store.</param>
internal sealed class BatchCalls(
    Func<PermitRequest[], TimeSpan, CancellationToken, Task<Decision?[]>> take,
    TimeSpan timeout,
    TimeSpan totalTimeout,
    TimeProvider time
) : IDisposable
{
    private readonly SemaphoreSlim turns = new(CheckGatherer.MaxCalls);
    private int unanswered;

    /// <returns>In the order of the requests; null stands for those that the store did not answer.</returns>
    public async Task<Decision?[]> TakeAsync(
        PermitRequest[] requests,
        CancellationToken cancellationToken
    )
    {
        var (asked, failures) = (time.GetTimestamp(), Volatile.Read(ref unanswered));
        var total = totalTimeout - requests[0].Waited;
        if (total <= TimeSpan.Zero || !await turns.WaitAsync(total, cancellationToken))
        {
            return new Decision?[requests.Length];
        }

        try
        {
            var waited = time.GetElapsedTime(asked);
            var own = failures == Volatile.Read(ref unanswered) ? timeout : timeout - waited;
            var left = total - waited < own ? total - waited : own;
            var decisions =
                left > TimeSpan.Zero
                    ? await take(requests, left, cancellationToken)
                    : new Decision?[requests.Length];
            if (decisions.Contains(null))
            {
                Interlocked.Increment(ref unanswered);
            }

            return decisions;
        }
        catch (StoreUnavailableException)
        {
            Interlocked.Increment(ref unanswered);
            return new Decision?[requests.Length];
        }
        finally
        {
            turns.Release();
        }
    }

    public void Dispose() => turns.Dispose();
}
