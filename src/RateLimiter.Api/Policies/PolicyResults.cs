using System.Diagnostics;
using AutoMapper;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>The responses to all changes of policies.</summary>
internal static class PolicyResults
{
    /// <summary>The policy and its ETag, or why it was not saved.</summary>
    public static ActionResult<SavePolicyResponse> Saved(
        HttpContext context,
        IMapper mapper,
        PolicyOutcome outcome
    )
    {
        if (outcome is not PolicySaved(var policy, var resetLimits))
        {
            return Refused(context, outcome);
        }

        context.Response.Headers.ETag = VersionTag.Policy.Of(policy.Version);
        return new SavePolicyResponse(
            "Policy saved successfully.",
            mapper.Map<PolicyResponse>(policy),
            resetLimits
        );
    }

    /// <summary>The response to a rejected change.</summary>
    public static ObjectResult Refused(HttpContext context, PolicyOutcome outcome) =>
        outcome switch
        {
            PolicyNotFound => ProblemResponse.Create(
                context,
                StatusCodes.Status404NotFound,
                PolicyRefusal.Why(outcome)
            ),
            ConditionFailed => ProblemResponse.Create(
                context,
                StatusCodes.Status412PreconditionFailed,
                "What is there is not what If-Match or If-None-Match says. Read it again and decide with the ETag of "
                    + "what was read: for one policy that of GET /policy with route_key and role, for an import that of "
                    + "GET /policy/export."
            ),
            TooManyPolicies
            or TooManyOverrides
            or PoliciesTooLarge
            or WindowTooLong
            or PoliciesContended => ProblemResponse.Conflict(context, PolicyRefusal.Why(outcome)),
            NoSuchClient => ProblemResponse.NoClient(context),
            _ => throw new UnreachableException($"{outcome} is a change that was made."),
        };

    /// <summary>400, because of a condition that makes no sense.</summary>
    public static ObjectResult NoCondition(HttpContext context) =>
        ProblemResponse.Validation(
            context,
            new Dictionary<string, string[]> { ["If-None-Match"] = ["must be *"] }
        );
}
