namespace RateLimiter.Application.Checks;

/// <summary>Why a check has no decision, in words.</summary>
public static class CheckRefusal
{
    /// <summary>No policy was found for the check.</summary>
    public const string NoPolicy = "No policy applies to this route and role.";

    /// <summary>The policy has a concurrency limit.</summary>
    public const string OnlyReservations =
        "The policy of this route and role has a concurrency limit: call POST /reservations instead.";

    /// <summary>No limit has exactly the subjects whose counters are to be reset.</summary>
    public const string NoSuchLimit = "No limit of the policy has exactly these subjects";

    /// <summary>The idempotency key was used with other fields.</summary>
    public const string KeyReused =
        "The idempotency key was used within the last 10 minutes for the same subjects with other fields.";

    /// <summary>The client exceeded its quota of idempotency keys.</summary>
    public const string TooManyKeys = "Too many idempotency keys of this client.";

    /// <summary>The client exceeded its quota of checks.</summary>
    public const string TooMany = "Too many checks of this client.";
}
