using System.Globalization;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Infrastructure.Redis.Reservations;

/// <summary>The reply of settle.lua, word by word.</summary>
internal static class SettleReply
{
    /// <summary>What became of the reservation.</summary>
    /// <exception cref="StoreUnavailableException">This is no reply of the script.</exception>
    public static Settled Read(string[] answer) =>
        answer[0] switch
        {
            "settled" => new Settled.Committed(
                Charged: Number(answer, 1),
                Released: Number(answer, 2),
                Overrun: Number(answer, 3),
                Late: Number(answer, 4) == 1,
                Degraded: false,
                Remaining(Number(answer, 5))
            ),
            "held" => new Settled.Committed(
                Charged: Number(answer, 1),
                Released: 0,
                Overrun: Number(answer, 2),
                Late: false,
                Degraded: false,
                Remaining(Number(answer, 3))
            )
            {
                IsHeld = true,
            },
            "extended" => new Settled.Extended(
                DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(Number(answer, 1))
            ),
            "released" => new Settled.Returned(),
            "unknown" => new Settled.Unknown(),
            "gone" => new Settled.Refused(SettlementConflict.Released),
            "expired" => new Settled.Refused(SettlementConflict.Expired),
            "different" => new Settled.Refused(SettlementConflict.Committed),
            "less" => new Settled.Refused(SettlementConflict.LessThanBefore),
            _ => throw new StoreUnavailableException("The store's reply was not understood."),
        };

    private static long? Remaining(long number) => number < 0 ? null : number;

    /// <summary>When the reservation expires now, in microseconds since 1970; null when it has ended, or nothing was done.</summary>
    public static long? Expiry(string[] answer) =>
        answer[0] switch
        {
            "held" => Number(answer, 4),
            "extended" => Number(answer, 1),
            _ => null,
        };

    /// <summary>One of the numbers after the first word.</summary>
    public static long Number(string[] answer, int index) =>
        long.Parse(answer[index], CultureInfo.InvariantCulture);
}
