using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>Responds with a decision and its headers.</summary>
internal sealed record DecisionResult(Decision Decision) : IActionResult
{
    /// <summary>Responds with a decision, or says why there is none.</summary>
    public static IActionResult Of(HttpContext context, in CheckOutcome<Decision> outcome) =>
        outcome switch
        {
            { Result: { } decision } => new DecisionResult(decision),
            { Problem: { } problem } => CheckProblems.Result(context, problem),
            _ => ProblemResponse.TooMany(context, outcome.RetryAfter, CheckRefusal.TooMany),
        };

    public Task ExecuteResultAsync(ActionContext context)
    {
        var response = context.HttpContext.Response;
        RateLimitHeaders.Write(response, Decision);
        return JsonResponse.WriteAsync(response, Decision, DecisionJson.Write);
    }
}
