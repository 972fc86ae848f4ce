namespace RateLimiter.Application.Checks;

/// <summary>Why a check has no decision, in words.</summary>
public static class CheckRefusal
{
    /// <summary>No policy was found for the check.</summary>
    public const string NoPolicy = "No policy applies to this route and role.";

    /// <summary>The client exceeded its quota of checks.</summary>
    public const string TooMany = "Too many checks of this client.";
}
