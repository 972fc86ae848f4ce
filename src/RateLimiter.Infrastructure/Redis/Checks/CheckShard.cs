using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// What waits for one shard of the store: single checks, which are batched, and the checks of batches, in a lane of their own.
/// </summary>
internal sealed class CheckShard : IDisposable
{
    private readonly CheckBatcher batcher;
    private readonly BulkDispatcher bulk;

    public CheckShard(RedisConnection connection, CheckCaller caller, TimeProvider time)
    {
        Time = new StoreTime(time);
        batcher = new CheckBatcher(
            plans => caller.AcquireAsync(plans, connection.CheckTimeout, isEvidence: true, default),
            connection.CheckTimeout,
            connection.Clock
        );
        bulk = new BulkDispatcher(
            (plans, timeout, cancellationToken) =>
                caller.AcquireAsync(plans, timeout, isEvidence: false, cancellationToken),
            connection.CheckTimeout,
            connection.AdministrativeTimeout,
            connection.Clock
        );
    }

    /// <summary>The clock of the shard.</summary>
    public StoreTime Time { get; }

    /// <summary>The number of single checks that wait to be sent.</summary>
    public int Waiting => batcher.Waiting;

    public void Dispose() => batcher.Dispose();

    /// <inheritdoc cref="CheckBatcher.DecideAsync"/>
    public Task<Decision?> DecideAsync(KeyedPlan plan) =>
        Instrumentation.Spans.HasListeners() ? DecideTracedAsync(plan) : batcher.DecideAsync(plan);

    /// <summary>Decides plans of one batch; leaves those undecided that the store does not reply to.</summary>
    /// <param name="plans">The plans of the batch.</param>
    /// <param name="asked">The places of the plans that are decided.</param>
    /// <param name="decisions">Where their decisions are put.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task DecideEachAsync(
        KeyedPlan[] plans,
        List<int> asked,
        Decision?[] decisions,
        CancellationToken cancellationToken
    )
    {
        var next = 0;
        await foreach (var call in bulk.DispatchAsync(Calls(plans, asked), cancellationToken))
        {
            foreach (var decision in call)
            {
                decisions[asked[next++]] = decision;
            }
        }
    }

    // The span covers the whole wait, for a turn and for the store.
    private async Task<Decision?> DecideTracedAsync(KeyedPlan plan)
    {
        using var span = Instrumentation.Spans.StartActivity("acquire permits");
        return await batcher.DecideAsync(plan);
    }

    /// <summary>
    /// Splits the selected plans, in their order, into calls that do not exceed the maximum work of one call.
    /// </summary>
    private static IEnumerable<(KeyedPlan[] Plans, int Work)> Calls(
        KeyedPlan[] plans,
        List<int> asked
    )
    {
        var call = new List<KeyedPlan>(Math.Min(asked.Count, CheckWork.MaxPerCall));
        var work = 0;
        foreach (var i in asked)
        {
            var added = CheckWork.Of(plans[i].Plan.Limits);
            if (work + added > CheckWork.MaxPerCall)
            {
                yield return ([.. call], work);
                call.Clear();
                work = 0;
            }

            call.Add(plans[i]);
            work += added;
        }

        yield return ([.. call], work);
    }
}
