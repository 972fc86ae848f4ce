using System.Buffers.Binary;
using System.Text;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Reservations;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Reservations;

/// <summary>Reads what open reservations hold of counters (holds.lua).</summary>
internal sealed class RedisHolds(RedisConnection connection, RedisCounterStore counters)
{
    public Task<IReadOnlyList<OpenReservation>> ListAsync(
        CheckPlan plan,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var names = KeyedPlan.NamesOf(plan);
        var now = counters.Caller.TimeOf(names[0]);
        return connection.AskAsync<IReadOnlyList<OpenReservation>>(
            names[0],
            async database =>
            {
                var holds = await Task.WhenAll(
                    names.Select(name =>
                        database.SortedSetRangeByScoreWithScoresAsync(
                            RedisKeys.Holds(name),
                            now,
                            take: limit,
                            flags: CommandFlags.DemandMaster
                        )
                    )
                );
                var open = holds
                    .SelectMany(of => of)
                    .Select(hold => (Id: IdOf(hold.Element), hold.Score))
                    .DistinctBy(hold => hold.Id)
                    .OrderBy(hold => hold.Score)
                    .Take(limit)
                    .ToList();
                var records = await Task.WhenAll(
                    open.Select(hold =>
                        database.HashGetAsync(
                            RedisKeys.Reservation(plan.Client, hold.Id),
                            ["document", "granted"],
                            CommandFlags.DemandMaster
                        )
                    )
                );
                return
                [
                    .. open.Zip(records)
                        // It may have been settled meanwhile.
                        .Where(it => it.Second[0].HasValue)
                        .Select(it => Open(it.First.Id, it.First.Score, it.Second)),
                ];
            },
            connection.AdministrativeTimeout,
            cancellationToken
        );
    }

    public Task<IReadOnlyList<long>> SumAsync(CheckPlan plan, CancellationToken cancellationToken)
    {
        var names = KeyedPlan.NamesOf(plan);
        var now = counters.Caller.TimeOf(names[0]);
        return connection.AskAsync<IReadOnlyList<long>>(
            names[0],
            async database =>
            {
                var holds = await Task.WhenAll(
                    names.Select(name =>
                        database.SortedSetRangeByScoreAsync(
                            RedisKeys.Holds(name),
                            now,
                            flags: CommandFlags.DemandMaster
                        )
                    )
                );
                return [.. holds.Select(of => of.Sum(AmountOf))];
            },
            connection.AdministrativeTimeout,
            cancellationToken
        );
    }

    private static string IdOf(RedisValue member) =>
        Encoding.ASCII.GetString(((ReadOnlyMemory<byte>)member).Span[..ReservationEntry.IdLength]);

    private static long AmountOf(RedisValue member) =>
        (long)
            BinaryPrimitives.ReadDoubleLittleEndian(
                ((ReadOnlyMemory<byte>)member).Span[ReservationEntry.IdLength..]
            );

    private static OpenReservation Open(string id, double expires, RedisValue[] record)
    {
        var document = ReservationDocument.Read(record[0]);
        return new OpenReservation(
            LogEntry.BeginningOf(id),
            (long)record[1],
            document.Slots,
            DateTimeOffset.FromUnixTimeMilliseconds(document.MadeAt),
            DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(expires)
        );
    }
}
