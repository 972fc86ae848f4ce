using System.Buffers;
using System.Security.Cryptography;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>What check.lua writes for a reservation that it makes.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Record">The key of the hash that it is kept in.</param>
/// <param name="Document">What settling it needs to know.</param>
/// <param name="Terms">How it is held.</param>
internal sealed record ReservationEntry(
    string Id,
    RedisKey Record,
    ReservationDocument Document,
    ReservationTerms Terms
)
{
    /// <summary>The length of an id; that of the script.</summary>
    public const int IdLength = 24;

    private static readonly SearchValues<char> Letters = SearchValues.Create(HashSlots.Alphabet);

    /// <summary>An entry with a new id: 126 random bits, after the name of the slot.</summary>
    /// <param name="plan">The plan, which asks for a reservation.</param>
    /// <param name="counters">The keys of its counters.</param>
    /// <param name="now">The time, in microseconds since 1970.</param>
    public static ReservationEntry New(in CheckPlan plan, RedisKey[] counters, long now)
    {
        var (check, terms) = plan.Reservation!;
        var id =
            RedisKeys.ReservationSlot(plan)
            + RandomNumberGenerator.GetString(
                HashSlots.Alphabet,
                IdLength - HashSlots.SuffixLength
            );
        return new ReservationEntry(
            id,
            RedisKeys.Reservation(plan.Client, id),
            new ReservationDocument(
                check.UserId,
                check.RouteKey,
                check.Role,
                check.Subjects,
                terms.Slots,
                now / 1000,
                [.. counters.Select(counter => (string)counter!)],
                [.. plan.Limits.Select(limit => LimiterModule.Of(limit).Write(limit, now))]
            ),
            terms
        );
    }

    /// <summary>Whether a text may be an id.</summary>
    public static bool IsId(string text) =>
        text.Length == IdLength && !text.AsSpan().ContainsAnyExcept(Letters);
}
