namespace RateLimiter.Domain.Checks;

/// <summary>What a plan is for.</summary>
public enum PlannedCall
{
    /// <summary>Takes permits.</summary>
    Check,

    /// <summary>Gives permits back.</summary>
    Refund,

    /// <summary>Holds permits until a reservation is settled.</summary>
    Reserve,

    /// <summary>Settles a reservation.</summary>
    Settle,
}
