using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>A reservation that a plan asks for.</summary>
/// <param name="Check">The check, as the caller asked for it.</param>
/// <param name="Terms">How the permits are held.</param>
public sealed record Reservation(Check Check, ReservationTerms Terms);

/// <summary>How permits are held until a reservation is settled.</summary>
/// <param name="TimeToLive">How long, if nobody settles it: <see cref="MinSeconds"/> to <see cref="MaxSeconds"/>.</param>
/// <param name="Slots">How many of the reservations that may be open at once it counts for, 1 to <see cref="MaxSlots"/>.</param>
/// <param name="OnExpiry">What becomes of the permits after that; null for what the policy says.</param>
public sealed record ReservationTerms(TimeSpan TimeToLive, long Slots, ExpiryAction? OnExpiry)
{
    public const int MinSeconds = 1;
    public const int MaxSeconds = ConcurrencyLimit.MaxHoldSeconds;
    public const long MaxSlots = 1000;
}
