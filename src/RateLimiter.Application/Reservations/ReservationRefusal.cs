using System.Diagnostics;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Application.Reservations;

/// <summary>Why a reservation is not made or settled, in words.</summary>
public static class ReservationRefusal
{
    /// <summary>The id is none of this client, or its reservation ended more than 10 minutes ago.</summary>
    public const string Unknown = "There is no such reservation.";

    /// <summary>As many reservations of a counter are open as may be.</summary>
    public const string TooMany = "Too many reservations of this subject are open.";

    /// <summary>As many reservations of the client are open as may be.</summary>
    public const string TooManyOfClient = "Too many reservations of this client are open.";

    /// <summary>Says why a reservation cannot be settled so.</summary>
    public static string Of(SettlementConflict conflict) =>
        conflict switch
        {
            SettlementConflict.Released => "The reservation was given back.",
            SettlementConflict.Expired => "The reservation has expired.",
            SettlementConflict.Committed =>
                "The reservation was committed for another cost, or for good.",
            SettlementConflict.LessThanBefore =>
                "A commit before was for more. The cost of a commit is the total so far.",
            _ => throw new UnreachableException(),
        };
}
