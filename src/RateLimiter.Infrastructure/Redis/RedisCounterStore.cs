using Microsoft.Extensions.Hosting;
using RateLimiter.Application;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// Counters in Redis: one script decides and records, so that no two callers anywhere come between.
/// </summary>
internal sealed class RedisCounterStore(RedisConnection connection) : ICounterStore, IHostedService
{
    /// <summary>
    /// The most checks in one call of the script. A longer list goes as several calls, sent together, so that others
    /// get their turn in between.
    /// </summary>
    private const int MaxChecksPerCall = 100;

    private const int ValuesPerLimit = 5;
    private const int StatusLength = 4;
    private const long Broken = -2;
    private const int WarmUpCalls = 10;

    // For each algorithm, the file of its script. The two buckets differ only in their default burst.
    private static readonly Dictionary<Algorithm, string> Limiters = new()
    {
        [Algorithm.FixedWindow] = "fixed_window",
        [Algorithm.SlidingWindow] = "sliding_window",
        [Algorithm.SlidingLog] = "sliding_log",
        [Algorithm.TokenBucket] = "bucket",
        [Algorithm.LeakyBucket] = "bucket",
    };

    private static readonly RedisScript Check = RedisScript.Load(
        "check",
        ["read", .. Limiters.Values.Distinct()]
    );

    /// <summary>
    /// Asks before anybody waits for an answer: the first calls compile the script there and the path to it here, which
    /// takes longer than a check may. A store that is not there yet is warmed by those who come first.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var warmUp = new PermitRequest(
            new Subject(new ClientId("warm-up"), "warm-up", RouteKey: null),
            Policy.Create(
                new PolicyDefinition(
                    PolicyKey.CatchAll,
                    [.. Limiters.Keys.Select(WarmUpLimit)],
                    Description: null,
                    IsActive: true,
                    PolicyMode.Enforce
                ),
                DateTimeOffset.UnixEpoch
            ),
            Cost: 1
        );
        try
        {
            for (var i = 0; i < WarmUpCalls; i++)
            {
                await EvaluateAsync(
                    "take",
                    [warmUp],
                    clock: null,
                    RedisConnection.AdministrativeTimeout,
                    cancellationToken
                );
            }
        }
        catch (StoreUnavailableException)
        {
            // The connection has already said so.
        }

        static Limit WarmUpLimit(Algorithm algorithm) =>
            new($"{algorithm}", algorithm, WarmUpCalls, TimeSpan.FromSeconds(1), WarmUpCalls);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask<Decision> TakeAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    ) => DecideAsync("take", request, clock: null, cancellationToken);

    public ValueTask<Decision> LookAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    ) => DecideAsync("look", request, clock: null, cancellationToken);

    public ValueTask<Decision> GiveAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    ) => DecideAsync("give", request, clock: null, cancellationToken);

    public async Task<IReadOnlyList<Decision?>> TakeEachAsync(
        IReadOnlyList<PermitRequest> requests,
        CancellationToken cancellationToken
    )
    {
        var calls = requests
            .Chunk(MaxChecksPerCall)
            .Select(chunk => TakeChunkAsync(chunk, cancellationToken));
        var decisions = await Task.WhenAll(calls);
        return [.. decisions.SelectMany(chunk => chunk)];
    }

    public Task ResetAsync(Subject subject, Policy policy, CancellationToken cancellationToken) =>
        connection.AskAsync(
            database =>
                database.KeyDeleteAsync([
                    .. policy.Limits.Select(limit => RedisKeys.Counter(subject, limit)),
                ]),
            connection.CheckTimeout,
            cancellationToken
        );

    /// <param name="verb">As in check.lua: take, look or give.</param>
    /// <param name="request">The permits.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="cancellationToken">Ends the waiting, not the taking.</param>
    internal async ValueTask<Decision> DecideAsync(
        string verb,
        PermitRequest request,
        long? clock,
        CancellationToken cancellationToken
    )
    {
        var decisions = await EvaluateAsync(
            verb,
            [request],
            clock,
            connection.CheckTimeout,
            cancellationToken
        );
        return decisions[0]
            ?? throw new StoreUnavailableException("The counter of this subject is broken.");
    }

    private async Task<Decision?[]> TakeChunkAsync(
        PermitRequest[] requests,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await EvaluateAsync(
                "take",
                requests,
                clock: null,
                RedisConnection.AdministrativeTimeout,
                cancellationToken
            );
        }
        catch (StoreUnavailableException)
        {
            return new Decision?[requests.Length];
        }
    }

    private async Task<Decision?[]> EvaluateAsync(
        string verb,
        PermitRequest[] requests,
        long? clock,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        var counters = requests.Sum(request => request.Policy.Limits.Count);
        var keys = new RedisKey[counters];
        var values = new RedisValue[2 + 2 * requests.Length + ValuesPerLimit * counters];
        values[0] = clock ?? RedisValue.EmptyString;
        values[1] = verb;
        var (key, value) = (0, 2);
        foreach (var (subject, policy, cost) in requests)
        {
            values[value++] = policy.Limits.Count;
            values[value++] = cost;
            foreach (var limit in policy.Limits)
            {
                keys[key++] = RedisKeys.Counter(subject, limit);
                values[value++] = Limiters[limit.Algorithm];
                values[value++] = limit.Permits;
                values[value++] = limit.WindowMicroseconds;
                values[value++] = limit.Capacity;
                values[value++] = limit.Tick;
            }
        }

        var reply = (RedisResult[])
            (
                await connection.AskAsync(
                    database => Check.EvaluateAsync(database, keys, values),
                    timeout,
                    cancellationToken
                )
            )!;
        if (reply.Length > 1 + StatusLength * counters)
        {
            connection.ReportError((string)reply[^1]!);
        }

        return Read(requests, reply);
    }

    private static Decision?[] Read(PermitRequest[] requests, RedisResult[] reply)
    {
        var decidedAt = DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds((long)reply[0]);
        var decisions = new Decision?[requests.Length];
        var at = 1;
        for (var i = 0; i < requests.Length; i++)
        {
            var policy = requests[i].Policy;
            var statuses = new LimitStatus[policy.Limits.Count];
            for (var j = 0; j < statuses.Length; j++, at += StatusLength)
            {
                statuses[j] = new LimitStatus(
                    Wait: (long)reply[at],
                    Remaining: (long)reply[at + 1],
                    Reset: (long)reply[at + 2],
                    Used: (long)reply[at + 3]
                );
            }

            if (statuses[0].Wait != Broken)
            {
                decisions[i] = Decision.From(policy, statuses, decidedAt);
            }
        }

        return decisions;
    }
}
