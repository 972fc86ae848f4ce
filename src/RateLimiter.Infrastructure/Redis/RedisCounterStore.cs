using Microsoft.Extensions.Hosting;
using RateLimiter.Application;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// Counters in Redis: one script decides and records, so that no two callers anywhere come between.
/// </summary>
internal sealed class RedisCounterStore(RedisConnection connection) : ICounterStore, IHostedService
{
    // Every algorithm is a script of its own, named as in `Names`; `check` puts them together.
    private static readonly string[] Names = ["fixed_window"];
    private static readonly RedisScript Check = RedisScript.Load("check", Names);

    /// <summary>
    /// Asks once before anybody waits for an answer: the first call compiles the script there and the path to it here,
    /// which takes longer than a check may. A store that is not there yet is warmed by those who come first.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await connection.AskAsync(
                database => Check.EvaluateAsync(database, [], [RedisValue.EmptyString, 0]),
                RedisConnection.AdministrativeTimeout,
                cancellationToken
            );
        }
        catch (StoreUnavailableException)
        {
            // The connection has already said so.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask<Decision> TakeAsync(
        Subject subject,
        Policy policy,
        long cost,
        CancellationToken cancellationToken
    ) => TakeAsync(subject, policy, cost, clock: null, cancellationToken);

    /// <param name="subject">Whom to count for.</param>
    /// <param name="policy">Its limits.</param>
    /// <param name="cost">The permits to take.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="cancellationToken">Ends the waiting, not the taking.</param>
    internal async ValueTask<Decision> TakeAsync(
        Subject subject,
        Policy policy,
        long cost,
        long? clock,
        CancellationToken cancellationToken
    )
    {
        var limits = policy.Limits;
        var keys = new RedisKey[limits.Count];
        var values = new RedisValue[2 + 3 * limits.Count];
        values[0] = clock ?? RedisValue.EmptyString;
        values[1] = cost;
        for (var i = 0; i < limits.Count; i++)
        {
            keys[i] = RedisKeys.Counter(subject, limits[i]);
            values[3 * i + 2] = Names[(int)limits[i].Algorithm];
            values[3 * i + 3] = limits[i].Permits;
            values[3 * i + 4] = limits[i].Window.Ticks / TimeSpan.TicksPerMicrosecond;
        }

        var reply = (long[])
            (
                await connection.AskAsync(
                    database => Check.EvaluateAsync(database, keys, values),
                    connection.CheckTimeout,
                    cancellationToken
                )
            )!;
        return Read(policy, reply);
    }

    private static Decision Read(Policy policy, long[] reply)
    {
        Span<LimitStatus> statuses = stackalloc LimitStatus[policy.Limits.Count];
        for (var i = 0; i < statuses.Length; i++)
        {
            statuses[i] = new LimitStatus(
                Wait: reply[3 * i + 1],
                Remaining: reply[3 * i + 2],
                Reset: reply[3 * i + 3]
            );
        }

        var decidedAt = DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(reply[0]);
        return Decision.From(policy, statuses, decidedAt);
    }
}
