namespace RateLimiter.Application.Checks;

/// <summary>Why a check has no decision, in words.</summary>
public static class CheckRefusal
{
    /// <summary>No policy was found for the check.</summary>
    public const string NoPolicy = "No policy applies to this route and role.";

    /// <summary>No limit has exactly the subjects whose counters are to be reset.</summary>
    public const string NoSuchLimit = "No limit of the policy has exactly these subjects";

    /// <summary>The client exceeded its quota of checks.</summary>
    public const string TooMany = "Too many checks of this client.";
}
