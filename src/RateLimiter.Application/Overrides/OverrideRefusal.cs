using RateLimiter.Application.Policies;

namespace RateLimiter.Application.Overrides;

/// <summary>Why a change of an override was rejected, in words.</summary>
public static class OverrideRefusal
{
    /// <param name="outcome">The outcome of a change that was not made.</param>
    public static string Why(PolicyOutcome outcome) =>
        outcome is OverrideNotFound
            ? "There is no override of this id."
            : PolicyRefusal.Why(outcome);
}
