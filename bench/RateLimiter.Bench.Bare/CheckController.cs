using Microsoft.AspNetCore.Mvc;

namespace RateLimiter.Bench.Bare;

[ApiController]
public sealed class CheckController : ControllerBase
{
    [HttpPost("/check")]
    public ActionResult<CheckResponse> Check(CheckRequest request) =>
        new CheckResponse(
            Allowed: true,
            Remaining: 999_999_999,
            ResetIn: 3600,
            Reason: null,
            Limit: 1_000_000_000,
            RetryAfter: null,
            RetryAfterMs: null,
            MatchedRole: "default",
            MatchedRoute: request.RouteKey,
            ShadowDenied: false,
            Violated: []
        );
}

public sealed record CheckRequest(string UserId, string RouteKey);

/// <summary>The same fields as the service's decision.</summary>
public sealed record CheckResponse(
    bool Allowed,
    long Remaining,
    long ResetIn,
    string? Reason,
    long Limit,
    long? RetryAfter,
    long? RetryAfterMs,
    string MatchedRole,
    string MatchedRoute,
    bool ShadowDenied,
    IReadOnlyList<string> Violated
);
