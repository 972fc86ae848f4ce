using BitFaster.Caching.Lru;
using RateLimiter.Application.Reservations;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Reservations;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Reservations;

/// <summary>Reservations beside the counters in Redis: check.lua makes them, settle.lua settles them.</summary>
internal sealed class RedisReservationStore(
    RedisConnection connection,
    RedisCounterStore counters,
    ReservationQuota quota
) : IReservationStore
{
    /// <summary>The documents that are remembered, at about 500 bytes each: most are settled where they were made.</summary>
    private const int Remembered = 20_000;

    private static readonly RedisScript Settle = RedisScript.Load("settle", LimiterModule.Names);

    private readonly ConcurrentLru<string, ReservationDocument> documents = new(Remembered);
    private readonly RedisHolds holds = new(connection, counters);

    public async ValueTask<Decision?> ReserveAsync(
        CheckPlan plan,
        CancellationToken cancellationToken
    )
    {
        if (
            connection.IsUnavailable(connection.ShardOf(RedisKeys.Counter(plan, 0)))
            || connection.Room.IsFull
            || plan.Waited >= connection.CheckTimeout
        )
        {
            return null;
        }

        var start = connection.Clock.GetTimestamp();
        if (!await quota.TryEnterAsync(plan.Client))
        {
            return Decision.NotAsked(plan, connection.Clock.GetUtcNow()) with
            {
                Kind = DecisionKind.TooManyReservationsOfClient,
            };
        }

        try
        {
            plan = plan with { Waited = plan.Waited + connection.Clock.GetElapsedTime(start) };
            return plan.Waited < connection.CheckTimeout
                ? await ReserveAsync(plan, clock: null, cancellationToken)
                : null;
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
        finally
        {
            quota.Leave(plan.Client);
        }
    }

    public Task<Settled> SettleAsync(
        ClientId client,
        string id,
        Settlement settlement,
        Func<Check, CheckPlan?> plan,
        CancellationToken cancellationToken
    ) => SettleAsync(client, id, settlement, plan, clock: null, cancellationToken);

    /// <param name="plan">The plan.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<Decision?> ReserveAsync(
        CheckPlan plan,
        long? clock,
        CancellationToken cancellationToken
    )
    {
        var names = KeyedPlan.NamesOf(plan);
        var now = clock ?? counters.Caller.TimeOf(names[0]);
        var made = ReservationEntry.New(plan, names, now);
        var decisions = await counters.Caller.EvaluateAsync(
            "reserve",
            [new KeyedPlan(plan, names) { Reservation = made }],
            clock,
            connection.CheckTimeout - plan.Waited,
            isEvidence: clock is null,
            cancellationToken
        );
        if (decisions[0]?.ReservationId == made.Id)
        {
            documents.AddOrUpdate(made.Id, made.Document);
            var expires = decisions[0]!.DecidedAt + made.Terms.TimeToLive;
            quota.Add(plan.Client, made.Id, MicrosecondsOf(expires));
        }

        return decisions[0];
    }

    /// <inheritdoc cref="IReservationStore.SettleAsync"/>
    /// <param name="client">The client that settles it.</param>
    /// <param name="id">The id of the reservation.</param>
    /// <param name="settlement">What is done.</param>
    /// <param name="plan">The plan that a check would have now.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<Settled> SettleAsync(
        ClientId client,
        string id,
        Settlement settlement,
        Func<Check, CheckPlan?> plan,
        long? clock,
        CancellationToken cancellationToken
    )
    {
        if (!ReservationEntry.IsId(id))
        {
            return new Settled.Unknown();
        }

        var record = RedisKeys.Reservation(client, id);
        var document = await FindAsync(record, id, cancellationToken);
        var check = document?.ToCheck();
        var current = check is { } reserved ? plan(reserved) : null;
        RedisKey[] names = current is { } known ? KeyedPlan.NamesOf(known) : [];
        RedisKey[] keys = [record, .. document?.Counters.Select(name => (RedisKey)name) ?? []];
        var answer = await AskAsync(clock ?? counters.Caller.TimeOf(record));
        if (answer[0] == "outdated")
        {
            // The clock of the store was not known.
            answer = await AskAsync(SettleReply.Number(answer, 1));
        }

        if (SettleReply.Expiry(answer) is { } expiry)
        {
            quota.Add(client, id, expiry);
        }
        else if (answer[0] is "settled" or "released")
        {
            quota.Remove(client, id);
            documents.TryRemove(id);
            foreach (var counter in keys.AsSpan(1))
            {
                // The message to all instances may take a moment.
                counters.Denials.Forget(counter!);
            }
        }

        var settled = SettleReply.Read(answer);
        return document is null ? settled : settled with { Change = ChangeBy(answer) };

        SettlementChange? ChangeBy(string[] answer)
        {
            var start = Array.IndexOf(answer, "at") + 1;
            if (start == 0)
            {
                return null;
            }

            var nearest = SettleReply.Number(answer, start + 3);
            var index = nearest < 0 ? -1 : Array.IndexOf(names, document.Counters[(int)nearest]);
            return new SettlementChange(
                check!.Value,
                DateTimeOffset.UnixEpoch
                    + TimeSpan.FromMicroseconds(SettleReply.Number(answer, start)),
                Released: SettleReply.Number(answer, start + 1),
                index < 0 ? null : current!.Value.Limits[index],
                Math.Max(0, SettleReply.Number(answer, start + 2))
            );
        }

        async Task<string[]> AskAsync(long now)
        {
            RedisValue[] values =
            [
                clock ?? RedisValue.EmptyString,
                .. Values(settlement),
                id,
                .. document is null ? [] : Limits(document, current, names, now),
            ];
            var reply = await connection.AskAsync(
                record,
                database => Settle.EvaluateAsync(database, keys, values),
                connection.CheckTimeout,
                cancellationToken
            );
            return ((string)reply!).Split(' ');
        }
    }

    public Task<IReadOnlyList<OpenReservation>> ListAsync(
        CheckPlan plan,
        int limit,
        CancellationToken cancellationToken
    ) => holds.ListAsync(plan, limit, cancellationToken);

    public Task<IReadOnlyList<long>> HeldAsync(
        CheckPlan plan,
        CancellationToken cancellationToken
    ) => holds.SumAsync(plan, cancellationToken);

    private async Task<ReservationDocument?> FindAsync(
        RedisKey record,
        string id,
        CancellationToken cancellationToken
    )
    {
        if (documents.TryGet(id, out var known))
        {
            return known;
        }

        var stored = await connection.AskAsync(
            record,
            database => database.HashGetAsync(record, "document", CommandFlags.DemandMaster),
            connection.CheckTimeout,
            cancellationToken
        );
        if (stored.IsNull)
        {
            return null;
        }

        var document = ReservationDocument.Read(stored);
        documents.AddOrUpdate(id, document);
        return document;
    }

    // Those of the policy as it is now, where it still has them.
    private static IEnumerable<RedisValue> Limits(
        ReservationDocument document,
        CheckPlan? plan,
        RedisKey[] names,
        long now
    )
    {
        for (var i = 0; i < document.Counters.Count; i++)
        {
            var index = Array.IndexOf(names, document.Counters[i]);
            yield return index < 0
                ? document.Limits[i]
                : LimiterModule.Of(plan!.Value.Limits[index]).Write(plan.Value.Limits[index], now);
        }
    }

    private static RedisValue[] Values(Settlement settlement) =>
        settlement switch
        {
            Settlement.Commit commit => ["commit", commit.Cost, commit.IsFinal ? 1 : 0],
            Settlement.Extend extend => ["extend", (long)extend.TimeToLive.TotalMicroseconds, 0],
            Settlement.Release => ["release", "", 0],
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private static long MicrosecondsOf(DateTimeOffset time) =>
        (long)(time - DateTimeOffset.UnixEpoch).TotalMicroseconds;
}
