using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Errors;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

internal static class DecisionResult
{
    /// <summary>Answers with a decision and its headers, or with 404 when no policy applies.</summary>
    public static ActionResult<T> Decided<T>(
        this ControllerBase controller,
        Decision? decision,
        Func<Decision, T> response
    )
    {
        if (decision is null)
        {
            return ProblemResponse.NoPolicy(controller.HttpContext);
        }

        RateLimitHeaders.Write(controller.Response, decision);
        return response(decision);
    }
}
