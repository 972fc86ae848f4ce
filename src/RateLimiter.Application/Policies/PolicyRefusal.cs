using System.Diagnostics;
using RateLimiter.Application.Clients;

namespace RateLimiter.Application.Policies;

/// <summary>Why a change of policies was rejected, in words.</summary>
public static class PolicyRefusal
{
    /// <param name="outcome">The outcome of a change that was not made.</param>
    public static string Why(PolicyOutcome outcome) =>
        outcome switch
        {
            PolicyNotFound =>
                "There is no policy for this route and role, or no such version of it.",
            ConditionFailed => "Somebody else has changed this policy in the meantime.",
            TooManyPolicies { Max: var max } =>
                $"A client can have {max} policies. Delete one that is not needed any more.",
            TooManyOverrides { Max: var max } =>
                $"A client can have {max} overrides. Delete one that is not needed any more.",
            PoliciesTooLarge { MaxBytes: var max } =>
                $"All policies of a client can take up {max} bytes. Delete one, or shorten names and descriptions.",
            WindowTooLong { MaxSeconds: var max } =>
                $"The window of a limit can be {max} seconds long on this service.",
            PoliciesContended =>
                "Other callers keep changing the same policies. Nothing was changed; try again.",
            NoSuchClient => ClientRefusal.Deleted,
            _ => throw new UnreachableException($"{outcome} is a change that was made."),
        };
}
