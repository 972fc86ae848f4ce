using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>Checks of the service itself: to warm up the path of a check, and to find out whether a shard decides.</summary>
internal sealed class CheckProbe(RedisConnection connection, RedisCounterStore counters)
{
    private const int WarmUpCalls = 10;

    // This many keys cover every slot of a cluster.
    private const int ProbeNames = 200_000;

    /// <summary>A client that no request can name: real ids are longer.</summary>
    internal static readonly ClientId Nobody = new("nobody");

    private static readonly Policy ProbePolicy = Policy.OfEveryAlgorithm(WarmUpCalls);

    /// <summary>
    /// Acquires a few permits: the first calls compile the script in the store and the code path to it here, which
    /// takes longer than a check may. The last one does not wait for its reply, because a failure is also slow the
    /// first time.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store does not reply.</exception>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        var plan = new KeyedPlan(PlanOf("warm-up"));
        for (var i = 0; i < WarmUpCalls; i++)
        {
            await AcquireAsync(connection.AdministrativeTimeout);
        }

        try
        {
            await AcquireAsync(TimeSpan.Zero);
        }
        catch (StoreUnavailableException)
        {
            // Timing out is the purpose of this call.
        }

        Task<Decision?[]> AcquireAsync(TimeSpan timeout) =>
            counters.Caller.EvaluateAsync(
                "acquire",
                [plan],
                clock: null,
                timeout,
                isEvidence: false,
                cancellationToken
            );
    }

    /// <summary>
    /// Probes a shard with what a check would do: normally it only looks, but after a failure it also takes, because a
    /// server that has become a replica, or whose disk or memory is full, still serves reads.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The shard does not reply.</exception>
    public async Task ProbeAsync(int shard)
    {
        KeyedPlan[] plans =
        [
            .. Enumerable
                .Range(0, ProbeNames)
                .Select(i => PlanOf($"{i}"))
                .Where(plan => connection.ShardOf(RedisKeys.Counter(plan, 0)) == shard)
                .Take(1)
                .Select(plan => new KeyedPlan(plan)),
        ];
        if (plans is [])
        {
            // The shard's slots have just moved away.
            return;
        }

        var takes = connection.IsFailing(shard) || connection.IsFull(shard);
        await counters.Caller.ProbeAsync(shard, takes ? "acquire" : "peek", plans);
        if (takes)
        {
            connection.ConfirmHealthy(shard);
            connection.NoteFull(shard, isFull: false);
        }
    }

    private static CheckPlan PlanOf(string user) =>
        new(new Subject(Nobody, user, null), ProbePolicy, Cost: 1);
}
