using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>Responds with a decision and its headers, or with 404 when no policy applies.</summary>
/// <param name="Decision">The decision, or null.</param>
internal sealed record DecisionResult(Decision? Decision) : IActionResult
{
    public Task ExecuteResultAsync(ActionContext context)
    {
        var http = context.HttpContext;
        if (Decision is null)
        {
            return ProblemResponse.NoPolicy(http).ExecuteResultAsync(context);
        }

        RateLimitHeaders.Write(http.Response, Decision);
        return JsonResponse.WriteAsync(http.Response, Decision, DecisionJson.Write);
    }
}
