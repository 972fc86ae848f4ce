namespace RateLimiter.Application.Overrides;

/// <summary>Why a change of an override was rejected, in words.</summary>
public static class OverrideRefusal
{
    /// <summary>The text for <see cref="OverrideNotFound"/>.</summary>
    public const string NotFound = "There is no override of this id.";
}
