namespace RateLimiter.Domain.Reservations;

/// <summary>A reservation that is not settled and has not expired.</summary>
/// <param name="IdBeginning">The beginning of its id, which cannot settle it.</param>
/// <param name="Cost">The permits that were reserved.</param>
/// <param name="Slots">Its slots.</param>
/// <param name="MadeAt">When it was made.</param>
/// <param name="ExpiresAt">When it expires.</param>
public sealed record OpenReservation(
    string IdBeginning,
    long Cost,
    long Slots,
    DateTimeOffset MadeAt,
    DateTimeOffset ExpiresAt
);
