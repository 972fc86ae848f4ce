using Microsoft.Extensions.Hosting;
using RateLimiter.Application;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Telemetry;
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

    // So many names lie in more slots than there are.
    private const int ProbeNames = 200_000;

    private static readonly TimeSpan TryAgainInterval = TimeSpan.FromMilliseconds(10);

    // Under a client that no id can name: ids are longer.
    private static readonly ClientId Nobody = new("nobody");

    private static readonly Policy ProbePolicy = Policy.OfEveryAlgorithm(WarmUpCalls);

    private static readonly RedisScript Reset = RedisScript.Load("reset");

    private readonly RedisConnection connection;
    private readonly DenialCache denials;
    private readonly TimeProvider time;
    private readonly Part[] parts;

    public RedisCounterStore(RedisConnection connection, RedisNews news, TimeProvider time)
    {
        this.connection = connection;
        this.time = time;
        denials = new DenialCache(() => news.IsHeard, time);
        news.Freed += denials.Forget;
        news.Missed += denials.Clear;
        parts =
        [
            .. Enumerable
                .Range(0, ClusterMap.MaxParts)
                .Select(_ => new Part(
                    new CheckGatherer(
                        requests =>
                            TakeNowAsync(requests, connection.CheckTimeout, CancellationToken.None),
                        connection.CheckTimeout,
                        time
                    ),
                    new BatchCalls(
                        TakeNowAsync,
                        connection.CheckTimeout,
                        connection.AdministrativeTimeout,
                        time
                    )
                )),
        ];
    }

    /// <summary>The denials that are remembered.</summary>
    internal DenialCache Denials => denials;

    /// <summary>How many checks wait to be sent.</summary>
    internal int Waiting => parts.Sum(part => part.Gatherer.Waiting);

    /// <summary>
    /// Asks before anybody waits for an answer: the first calls compile the script there and the path to it here, which
    /// takes longer than a check may. The last one does not wait for its answer, because what fails for the first time
    /// takes even longer. A store that is not there yet is warmed by those who come first.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 0; i <= WarmUpCalls; i++)
            {
                await EvaluateAsync(
                    "take",
                    [new PermitRequest(new Subject(Nobody, "warm-up", null), ProbePolicy, Cost: 1)],
                    clock: null,
                    i < WarmUpCalls ? connection.AdministrativeTimeout : TimeSpan.Zero,
                    cancellationToken
                );
            }
        }
        catch (StoreUnavailableException)
        {
            // The monitor says so.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var part in parts)
        {
            part.Gatherer.Dispose();
            part.BatchCalls.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Goes on for a caller who has gone: its answer takes no longer than the time-out, and watching for each caller's
    /// end would cost more.
    /// </remarks>
    public ValueTask<Decision?> TakeAsync(
        PermitRequest request,
        CancellationToken cancellationToken
    )
    {
        var counter = CheckCall.FirstCounter(request);
        if (denials.Find(counter, request.Policy, request.Cost) is { } denial)
        {
            return ValueTask.FromResult<Decision?>(denial);
        }

        var part = connection.PartOf(counter);
        return connection.IsAway(part) || request.Waited >= connection.CheckTimeout
            ? ValueTask.FromResult<Decision?>(null)
            : new ValueTask<Decision?>(
                Signals.Spans.HasListeners()
                    ? TakeTracedAsync(parts[part].Gatherer, request)
                    : parts[part].Gatherer.DecideAsync(request)
            );
    }

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
        var asked = new List<int>?[parts.Length];
        for (var i = 0; i < decisions.Length; i++)
        {
            var request = requests[i];
            var counter = CheckCall.FirstCounter(request);
            decisions[i] = denials.Find(counter, request.Policy, request.Cost);
            if (decisions[i] is null)
            {
                (asked[connection.PartOf(counter)] ??= []).Add(i);
            }
        }

        await Task.WhenAll(
            Enumerable
                .Range(0, parts.Length)
                .Where(part => asked[part] is not null)
                .SelectMany(part =>
                    asked[part]!
                        .Chunk(CheckGatherer.MaxChecksPerCall)
                        .Select(chunk =>
                            TakeChunkAsync(part, requests, chunk, decisions, cancellationToken)
                        )
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

    /// <exception cref="StoreUnavailableException">None is left.</exception>
    private TimeSpan TimeLeft(in PermitRequest request) =>
        request.Waited < connection.CheckTimeout
            ? connection.CheckTimeout - request.Waited
            : throw new StoreUnavailableException("The store did not answer in time.");

    // How long the check waited, for its turn and for the store.
    private static async Task<Decision?> TakeTracedAsync(
        CheckGatherer gatherer,
        PermitRequest request
    )
    {
        using var span = Signals.Spans.StartActivity("take permits");
        return await gatherer.DecideAsync(request);
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
            TimeLeft(request),
            cancellationToken
        );
        return decisions[0]
            ?? throw new StoreUnavailableException("The counter of this subject is broken.");
    }

    /// <summary>
    /// Asks a part of the store for what a check would need: it only looks, but where nobody is answered it also takes,
    /// because a server that has become a replica, or whose disk is full, answers those who look.
    /// </summary>
    /// <exception cref="StoreUnavailableException">It does not answer.</exception>
    internal async Task ProbeAsync(int part)
    {
        PermitRequest[] request =
        [
            .. Enumerable
                .Range(0, ProbeNames)
                .Select(i => new PermitRequest(new Subject(Nobody, $"{i}", null), ProbePolicy, 1))
                .Where(request => connection.PartOf(CheckCall.FirstCounter(request)) == part)
                .Take(1),
        ];
        if (request is [])
        {
            // Its slots have just moved away.
            return;
        }

        var (keys, values) = CheckCall.Write(
            connection.IsAway(part) ? "take" : "look",
            request,
            clock: null
        );
        await connection.ProbeAsync(part, database => AskAsync(database, request, keys, values));
    }

    /// <summary>Decides those requests that the chunk names; leaves them undecided when the store does not answer.</summary>
    private async Task TakeChunkAsync(
        int part,
        IReadOnlyList<PermitRequest> requests,
        int[] chunk,
        Decision?[] decisions,
        CancellationToken cancellationToken
    )
    {
        if (connection.IsAway(part))
        {
            return;
        }

        var answers = await parts[part]
            .BatchCalls.TakeAsync(Array.ConvertAll(chunk, i => requests[i]), cancellationToken);
        for (var i = 0; i < chunk.Length; i++)
        {
            decisions[chunk[i]] = answers[i];
        }
    }

    /// <summary>
    /// Takes for all of some requests. In a cluster a call names keys of one slot, so that there are as many calls as
    /// slots; null stands for each request of one that is not answered, while others are.
    /// </summary>
    private async Task<Decision?[]> TakeNowAsync(
        PermitRequest[] requests,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        if (requests.Length == 1 || !connection.IsCluster)
        {
            return await EvaluateAsync("take", requests, clock: null, timeout, cancellationToken);
        }

        var decisions = new Decision?[requests.Length];
        await Task.WhenAll(
            Enumerable
                .Range(0, requests.Length)
                .GroupBy(i => connection.SlotOf(CheckCall.FirstCounter(requests[i])))
                .Select(slot => TakeOfSlotAsync([.. slot]))
        );
        return decisions;

        async Task TakeOfSlotAsync(int[] ofSlot)
        {
            try
            {
                var answers = await EvaluateAsync(
                    "take",
                    Array.ConvertAll(ofSlot, i => requests[i]),
                    clock: null,
                    timeout,
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
                // Some have moved and some have not. Nothing was taken: each is asked for where it is.
                await Task.WhenAll(ofSlot.Select(i => TakeOfSlotAsync([i])));
            }
            catch (StoreUnavailableException)
            {
                // Null says so of each.
            }
        }
    }

    // A slot moves to another server, and the keys of one call are partly here and partly there.
    private static bool IsMoving(StoreUnavailableException exception) =>
        exception.InnerException is RedisServerException { Kind: RedisErrorKind.TryAgain };

    // Nothing can have been taken: a slot moves, or the client is just finding out who takes writes now.
    private static bool IsUntouched(StoreUnavailableException exception, int requests) =>
        IsMoving(exception) && requests == 1 || RedisConnection.WasNotSent(exception);

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
        var left = timeout;
        while (true)
        {
            try
            {
                var (decisions, failure) = await connection.AskAsync(
                    keys[0],
                    database => AskAsync(database, requests, keys, values),
                    left,
                    cancellationToken
                );
                if (failure is not null)
                {
                    connection.ReportError(failure);
                }

                // With a clock of its own, a test's time is not that of the cache.
                if (clock is null)
                {
                    Remember(requests, keys, decisions, asked, generation);
                }

                return decisions;
            }
            catch (StoreUnavailableException exception)
                when (IsUntouched(exception, requests.Length)
                    && time.GetElapsedTime(asked) < timeout / 2
                )
            {
                // It will be over in a moment.
                await Task.Delay(TryAgainInterval, time, cancellationToken);
                var over = timeout - time.GetElapsedTime(asked);
                left = over > TimeSpan.Zero ? over : TimeSpan.Zero;
            }
        }
    }

    private static async Task<(Decision?[] Decisions, string? Failure)> AskAsync(
        IDatabase database,
        PermitRequest[] requests,
        RedisKey[] keys,
        RedisValue[] values
    )
    {
        var reply = await CheckCall.Script.EvaluateAsync(database, keys, values);
        return CheckCall.Read(requests, reply);
    }

    private void Remember(
        PermitRequest[] requests,
        RedisKey[] keys,
        Decision?[] decisions,
        long asked,
        long generation
    )
    {
        var key = 0;
        for (var i = 0; i < decisions.Length; key += requests[i].Policy.Limits.Count, i++)
        {
            if (decisions[i] is { } decision && decision.Steady > TimeSpan.Zero)
            {
                denials.Remember(keys[key]!, requests[i].Cost, decision, asked, generation);
            }
        }
    }

    /// <param name="Gatherer">Sends single checks.</param>
    /// <param name="BatchCalls">Sends those of batches.</param>
    private sealed record Part(CheckGatherer Gatherer, BatchCalls BatchCalls);
}
