using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Counters in Redis: one script decides and records atomically, so that no other caller on any instance can interfere.
/// </summary>
internal sealed class RedisCounterStore : ICounterStore, IDisposable
{
    private const int WarmUpCalls = 10;

    // This many keys cover every slot of a cluster.
    private const int ProbeNames = 200_000;

    private static readonly TimeSpan TryAgainInterval = TimeSpan.FromMilliseconds(10);

    // A client that no request can name: real ids are longer.
    internal static readonly ClientId Nobody = new("nobody");

    private static readonly Policy ProbePolicy = Policy.OfEveryAlgorithm(WarmUpCalls);

    private static readonly RedisScript Reset = RedisScript.Load("reset");

    private readonly RedisConnection connection;
    private readonly DenialCache denials;
    private readonly TimeProvider time;
    private readonly Shard[] shards;

    public RedisCounterStore(
        RedisConnection connection,
        RedisInvalidationChannel invalidations,
        TimeProvider time
    )
    {
        this.connection = connection;
        this.time = time;
        denials = new DenialCache(() => invalidations.IsSubscribed);
        invalidations.Freed += denials.Forget;
        invalidations.MessagesLost += denials.Clear;
        shards =
        [
            .. Enumerable
                .Range(0, ClusterMap.MaxShards)
                .Select(_ => new Shard(
                    new CheckBatcher(
                        requests =>
                            DecideNowAsync(
                                requests,
                                connection.CheckTimeout,
                                isEvidence: true,
                                CancellationToken.None
                            ),
                        connection.CheckTimeout,
                        connection.Clock
                    ),
                    new BulkDispatcher(
                        (requests, timeout, cancellationToken) =>
                            DecideNowAsync(requests, timeout, isEvidence: false, cancellationToken),
                        connection.CheckTimeout,
                        connection.AdministrativeTimeout,
                        connection.Clock
                    ),
                    new StoreTime(time)
                )),
        ];
    }

    /// <summary>The cached denials.</summary>
    internal DenialCache Denials => denials;

    /// <summary>The number of checks that wait to be sent.</summary>
    internal int Waiting => shards.Sum(shard => shard.Batcher.Waiting);

    /// <summary>
    /// Acquires a few permits: the first calls compile the script in the store and the code path to it here, which
    /// takes longer than a check may. The last one does not wait for its reply, because a failure is also slow the
    /// first time.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store does not reply.</exception>
    internal async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        PermitRequest[] request =
        [
            new PermitRequest(new Subject(Nobody, "warm-up", null), ProbePolicy, Cost: 1),
        ];
        for (var i = 0; i < WarmUpCalls; i++)
        {
            await TakeAsync(connection.AdministrativeTimeout);
        }

        try
        {
            await TakeAsync(TimeSpan.Zero);
        }
        catch (StoreUnavailableException)
        {
            // Timing out is the purpose of this call.
        }

        Task<Decision?[]> TakeAsync(TimeSpan timeout) =>
            EvaluateAsync(
                "acquire",
                request,
                clock: null,
                timeout,
                isEvidence: false,
                cancellationToken
            );
    }

    public void Dispose()
    {
        foreach (var shard in shards)
        {
            shard.Batcher.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Continues after the caller has disconnected: the decision takes no longer than the time-out, and observing each
    /// caller's cancellation would cost more.
    /// </remarks>
    public ValueTask<Decision?> AcquireAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    )
    {
        var counter = CheckScript.FirstCounter(request);
        var shard = connection.ShardOf(counter);
        if (Remembered(counter, request, shard) is { } denial)
        {
            return ValueTask.FromResult<Decision?>(denial);
        }

        return
            connection.IsUnavailable(shard)
            || !HasRoomFor(request)
            || request.Waited >= connection.CheckTimeout
            ? ValueTask.FromResult<Decision?>(null)
            : new ValueTask<Decision?>(
                Instrumentation.Spans.HasListeners()
                    ? TakeTracedAsync(shards[shard].Batcher, request)
                    : shards[shard].Batcher.DecideAsync(request)
            );
    }

    public ValueTask<Decision> PeekAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    ) => DecideAsync("peek", request, clock: null, cancellationToken);

    public async ValueTask<Decision> RefundAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await DecideAsync("refund", request, clock: null, cancellationToken);
        }
        finally
        {
            denials.Forget(CheckScript.FirstCounter(request));
        }
    }

    public async Task<IReadOnlyList<Decision?>> AcquireEachAsync(
        IReadOnlyList<PermitRequest> requests,
        CancellationToken cancellationToken
    )
    {
        var decisions = new Decision?[requests.Count];
        var asked = new List<int>?[shards.Length];
        for (var i = 0; i < decisions.Length; i++)
        {
            var request = requests[i];
            var counter = CheckScript.FirstCounter(request);
            var shard = connection.ShardOf(counter);
            decisions[i] = Remembered(counter, request, shard);
            if (decisions[i] is null && HasRoomFor(request))
            {
                (asked[shard] ??= []).Add(i);
            }
        }

        await Task.WhenAll(
            Enumerable
                .Range(0, shards.Length)
                .Where(shard => asked[shard] is not null && !connection.IsUnavailable(shard))
                .Select(shard =>
                    TakeOfShardAsync(shard, requests, asked[shard]!, decisions, cancellationToken)
                )
        );
        return decisions;
    }

    public async Task ResetAsync(PermitRequest request, CancellationToken cancellationToken)
    {
        RedisKey[] counters =
        [
            .. request.Policy.Limits.Select(limit =>
                (RedisKey)RedisKeys.Counter(request.Subject, limit)
            ),
        ];
        try
        {
            await connection.AskAsync(
                counters[0],
                database => Reset.EvaluateAsync(database, counters, []),
                TimeLeft(request),
                cancellationToken
            );
        }
        finally
        {
            denials.Forget(counters[0]!);
        }
    }

    // A request of cost 0 only looks, and needs no room.
    private bool HasRoomFor(in PermitRequest request) =>
        request.Cost == 0 || !connection.Room.IsFull;

    /// <exception cref="StoreUnavailableException">No time is left.</exception>
    private TimeSpan TimeLeft(in PermitRequest request) =>
        request.Waited < connection.CheckTimeout
            ? connection.CheckTimeout - request.Waited
            : throw new StoreUnavailableException("The store did not answer in time.");

    // The span covers the whole wait, for a turn and for the store.
    private static async Task<Decision?> TakeTracedAsync(
        CheckBatcher batcher,
        PermitRequest request
    )
    {
        using var span = Instrumentation.Spans.StartActivity("acquire permits");
        return await batcher.DecideAsync(request);
    }

    /// <param name="verb">As in check.lua: acquire, peek or refund.</param>
    /// <param name="request">The permits.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="cancellationToken">Ends the wait, not the acquisition.</param>
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
            TimeLeft(request),
            isEvidence: false,
            cancellationToken
        );
        return decisions[0]
            ?? throw new StoreUnavailableException("The counter of this subject is broken.");
    }

    /// <summary>
    /// Probes a shard with what a check would do: normally it only looks, but after a failure it also takes, because a
    /// server that has become a replica, or whose disk or memory is full, still serves reads.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The shard does not reply.</exception>
    internal async Task ProbeAsync(int shard)
    {
        PermitRequest[] request =
        [
            .. Enumerable
                .Range(0, ProbeNames)
                .Select(i => new PermitRequest(new Subject(Nobody, $"{i}", null), ProbePolicy, 1))
                .Where(request => connection.ShardOf(CheckScript.FirstCounter(request)) == shard)
                .Take(1),
        ];
        if (request is [])
        {
            // The shard's slots have just moved away.
            return;
        }

        var takes = connection.IsFailing(shard) || connection.IsFull(shard);
        var (keys, values) = CheckScript.Write(takes ? "acquire" : "peek", request, clock: null);
        await connection.ProbeAsync(shard, database => AskAsync(database, request, keys, values));
        if (takes)
        {
            connection.ConfirmHealthy(shard);
            connection.NoteFull(shard, isFull: false);
        }
    }

    /// <summary>
    /// Splits the selected requests, in their order, into calls that do not exceed the maximum work of one call.
    /// </summary>
    private static IEnumerable<(PermitRequest[] Requests, int Work)> Calls(
        IReadOnlyList<PermitRequest> requests,
        List<int> indexes
    )
    {
        List<PermitRequest> call = [];
        var work = 0;
        foreach (var i in indexes)
        {
            var added = CheckWork.Of(requests[i].Policy);
            if (work + added > CheckWork.MaxPerCall)
            {
                yield return ([.. call], work);
                call.Clear();
                work = 0;
            }

            call.Add(requests[i]);
            work += added;
        }

        yield return ([.. call], work);
    }

    /// <summary>Decides the selected requests; leaves those undecided that the store does not reply to.</summary>
    private async Task TakeOfShardAsync(
        int shard,
        IReadOnlyList<PermitRequest> requests,
        List<int> indexes,
        Decision?[] decisions,
        CancellationToken cancellationToken
    )
    {
        var answers = shards[shard].Bulk.DispatchAsync(Calls(requests, indexes), cancellationToken);
        var next = 0;
        await foreach (var call in answers)
        {
            foreach (var decision in call)
            {
                decisions[indexes[next++]] = decision;
            }
        }
    }

    /// <summary>
    /// Acquires a number of requests. In a cluster a call names keys of one slot only, so that there are as many calls
    /// as slots; null for the requests of each call that gets no reply, while the others are decided.
    /// </summary>
    private async Task<Decision?[]> DecideNowAsync(
        PermitRequest[] requests,
        TimeSpan timeout,
        bool isEvidence,
        CancellationToken cancellationToken
    )
    {
        if (requests.Length == 1 || !connection.IsCluster)
        {
            return await EvaluateAsync(
                "acquire",
                requests,
                clock: null,
                timeout,
                isEvidence,
                cancellationToken
            );
        }

        var decisions = new Decision?[requests.Length];
        await Task.WhenAll(
            Enumerable
                .Range(0, requests.Length)
                .GroupBy(i => connection.SlotOf(CheckScript.FirstCounter(requests[i])))
                .Select(slot => TakeOfSlotAsync([.. slot]))
        );
        return decisions;

        async Task TakeOfSlotAsync(int[] ofSlot)
        {
            try
            {
                var answers = await EvaluateAsync(
                    "acquire",
                    Array.ConvertAll(ofSlot, i => requests[i]),
                    clock: null,
                    timeout,
                    isEvidence,
                    cancellationToken
                );
                for (var i = 0; i < ofSlot.Length; i++)
                {
                    decisions[ofSlot[i]] = answers[i];
                }
            }
            catch (StoreUnavailableException exception)
                when (IsMoving(exception) && ofSlot.Length > 1)
            {
                // Some keys have moved and some have not. Nothing was taken: each request is sent to where its slot is
                // now.
                await Task.WhenAll(ofSlot.Select(i => TakeOfSlotAsync([i])));
            }
            catch (StoreUnavailableException)
            {
                // The decisions stay null.
            }
        }
    }

    // A slot is being migrated, and the keys of one call are split between two servers.
    private static bool IsMoving(StoreUnavailableException exception) =>
        exception.InnerException is RedisServerException { Kind: RedisErrorKind.TryAgain };

    // Nothing can have been taken: a slot is being migrated, or the client is still discovering the new master.
    private static bool IsUntouched(StoreUnavailableException exception, int requests) =>
        IsMoving(exception) && requests == 1 || RedisConnection.WasNotSent(exception);

    /// <param name="verb">As in check.lua: acquire, peek or refund.</param>
    /// <param name="requests">The permits.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="isEvidence">Whether a missing reply counts as evidence that the store is unavailable.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task<Decision?[]> EvaluateAsync(
        string verb,
        PermitRequest[] requests,
        long? clock,
        TimeSpan timeout,
        bool isEvidence,
        CancellationToken cancellationToken
    )
    {
        var (keys, values) = CheckScript.Write(verb, requests, clock);
        var generation = denials.Generation;
        var waiting = connection.Clock.GetTimestamp();
        var left = timeout;
        while (true)
        {
            try
            {
                Func<IDatabase, Task<(Decision?[], string?)>> ask = database =>
                    AskAsync(database, requests, keys, values, clock);
                var (decisions, failure) = isEvidence
                    ? await connection.DecideAsync(keys[0], ask, left, cancellationToken)
                    : await connection.AskAsync(keys[0], ask, left, cancellationToken);
                if (failure is not null)
                {
                    connection.ReportError(failure);
                }

                // With a given clock, a test's time is not the cache's time.
                if (clock is null)
                {
                    Remember(requests, keys, decisions, generation);
                }

                return decisions;
            }
            catch (StoreUnavailableException exception)
                when (IsUntouched(exception, requests.Length)
                    && connection.Clock.GetElapsedTime(waiting) < timeout / 2
                )
            {
                // This state lasts only a moment.
                await Task.Delay(TryAgainInterval, time, cancellationToken);
                var over = timeout - connection.Clock.GetElapsedTime(waiting);
                left = over > TimeSpan.Zero ? over : TimeSpan.Zero;
            }
        }
    }

    private async Task<(Decision?[] Decisions, string? Failure)> AskAsync(
        IDatabase database,
        PermitRequest[] requests,
        RedisKey[] keys,
        RedisValue[] values,
        long? clock = null
    )
    {
        var asked = time.GetTimestamp();
        var reply = await CheckScript.Script.EvaluateAsync(database, keys, values);
        var answer = CheckScript.Read(requests, reply);
        if (clock is null && Array.Find(answer.Decisions, it => it is not null) is { } decision)
        {
            shards[connection.ShardOf(keys[0]!)].Time.Observe(decision.DecidedAt, asked);
        }

        return answer;
    }

    private Decision? Remembered(string counter, in PermitRequest request, int shard) =>
        denials.Find(counter, request.Policy, request.Cost, shards[shard].Time);

    private void Remember(
        PermitRequest[] requests,
        RedisKey[] keys,
        Decision?[] decisions,
        long generation
    )
    {
        var key = 0;
        for (var i = 0; i < decisions.Length; key += requests[i].Policy.Limits.Count, i++)
        {
            if (decisions[i] is { } decision && decision.StableFor > TimeSpan.Zero)
            {
                denials.Remember(keys[key]!, requests[i].Cost, decision, generation);
            }
        }
    }

    /// <param name="Batcher">Sends single checks.</param>
    /// <param name="Bulk">Sends the checks of batches.</param>
    /// <param name="Time">The shard's clock.</param>
    private sealed record Shard(CheckBatcher Batcher, BulkDispatcher Bulk, StoreTime Time);
}
