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
internal sealed class RedisCounterStore : ICounterStore, IHostedService, IDisposable
{
    private const int WarmUpCalls = 10;

    private static readonly RedisScript Reset = RedisScript.Load("reset");

    private readonly RedisConnection connection;
    private readonly DenialCache denials;
    private readonly TimeProvider time;
    private readonly CheckGatherer gatherer;

    // However many batches wait, the store has few of their calls at once, and single checks their turn in between.
    private readonly SemaphoreSlim batchCalls = new(CheckGatherer.MaxCalls);

    public RedisCounterStore(RedisConnection connection, StoreNews news, TimeProvider time)
    {
        this.connection = connection;
        this.time = time;
        denials = new DenialCache(() => news.IsHeard, time);
        news.Freed += denials.Forget;
        news.Missed += denials.Clear;
        gatherer = new CheckGatherer(
            requests =>
                EvaluateAsync(
                    "take",
                    requests,
                    clock: null,
                    RedisConnection.AdministrativeTimeout,
                    CancellationToken.None
                ),
            connection.CheckTimeout,
            time
        );
    }

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
                    [.. Enum.GetValues<Algorithm>().Select(WarmUpLimit)],
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

    public void Dispose()
    {
        gatherer.Dispose();
        batchCalls.Dispose();
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Goes on for a caller who has gone: its answer takes no longer than the time-out, and watching for each caller's
    /// end would cost more.
    /// </remarks>
    public ValueTask<Decision> TakeAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    ) =>
        Remembered(request) is { } denial
            ? ValueTask.FromResult(denial)
            : new ValueTask<Decision>(gatherer.DecideAsync(request));

    public ValueTask<Decision> LookAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    ) => DecideAsync("look", request, clock: null, cancellationToken);

    public async ValueTask<Decision> GiveAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await DecideAsync("give", request, clock: null, cancellationToken);
        }
        finally
        {
            denials.Forget(CheckCall.FirstCounter(request));
        }
    }

    public async Task<IReadOnlyList<Decision?>> TakeEachAsync(
        IReadOnlyList<PermitRequest> requests,
        CancellationToken cancellationToken
    )
    {
        var decisions = new Decision?[requests.Count];
        var asked = new List<int>(requests.Count);
        for (var i = 0; i < decisions.Length; i++)
        {
            decisions[i] = Remembered(requests[i]);
            if (decisions[i] is null)
            {
                asked.Add(i);
            }
        }

        await Task.WhenAll(
            asked
                .Chunk(CheckGatherer.MaxChecksPerCall)
                .Select(chunk => TakeChunkAsync(requests, chunk, decisions, cancellationToken))
        );
        return decisions;
    }

    public async Task ResetAsync(
        Subject subject,
        Policy policy,
        CancellationToken cancellationToken
    )
    {
        RedisKey[] counters =
        [
            .. policy.Limits.Select(limit => (RedisKey)RedisKeys.Counter(subject, limit)),
        ];
        try
        {
            await connection.AskAsync(
                database => Reset.EvaluateAsync(database, counters, []),
                connection.CheckTimeout,
                cancellationToken
            );
        }
        finally
        {
            denials.Forget(counters[0]!);
        }
    }

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

    /// <summary>Decides those requests that the chunk names; leaves them undecided when the store does not answer.</summary>
    private async Task TakeChunkAsync(
        IReadOnlyList<PermitRequest> requests,
        int[] chunk,
        Decision?[] decisions,
        CancellationToken cancellationToken
    )
    {
        if (!await batchCalls.WaitAsync(RedisConnection.AdministrativeTimeout, cancellationToken))
        {
            return;
        }

        try
        {
            var answers = await EvaluateAsync(
                "take",
                Array.ConvertAll(chunk, i => requests[i]),
                clock: null,
                RedisConnection.AdministrativeTimeout,
                cancellationToken
            );
            for (var i = 0; i < chunk.Length; i++)
            {
                decisions[chunk[i]] = answers[i];
            }
        }
        catch (StoreUnavailableException)
        {
            // Null says so of each.
        }
        finally
        {
            batchCalls.Release();
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
        var (keys, values) = CheckCall.Write(verb, requests, clock);
        var (asked, generation) = (time.GetTimestamp(), denials.Generation);
        var reply = await connection.AskAsync(
            database => CheckCall.Script.EvaluateAsync(database, keys, values),
            timeout,
            cancellationToken
        );
        var (decisions, failure) = CheckCall.Read(requests, reply);
        if (failure is not null)
        {
            connection.ReportError(failure);
        }

        var key = 0;
        for (var i = 0; i < decisions.Length; key += requests[i].Policy.Limits.Count, i++)
        {
            // With a clock of its own, a test's time is not that of the cache.
            if (decisions[i] is { } decision && decision.Steady > TimeSpan.Zero && clock is null)
            {
                denials.Remember(keys[key]!, requests[i].Cost, decision, asked, generation);
            }
        }

        return decisions;
    }

    private Decision? Remembered(in PermitRequest request) =>
        denials.Find(CheckCall.FirstCounter(request), request.Policy, request.Cost);
}
