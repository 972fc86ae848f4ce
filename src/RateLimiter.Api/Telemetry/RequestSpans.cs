using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using RateLimiter.Api.Health;

namespace RateLimiter.Api.Telemetry;

/// <summary>
/// Completes the span that the framework makes of a request, and omits the caller's input: a path may contain the id of a
/// key, or a key in the wrong place. The route identifies the operation.
/// </summary>
internal static class RequestSpans
{
    private static readonly string[] OfCallers = ["url.path", "user_agent.original"];

    // Probes and scrapers request them every few seconds.
    private static readonly PathString[] Untraced = [MetricsEndpoint.Path, HealthEndpoints.Prefix];

    public static async Task CompleteAsync(HttpContext context, RequestDelegate next)
    {
        if (
            context.Features.Get<IHttpActivityFeature>()?.Activity
            is not { IsAllDataRequested: true } span
        )
        {
            await next(context);
            return;
        }

        if (Array.Exists(Untraced, path => context.Request.Path.StartsWithSegments(path)))
        {
            span.IsAllDataRequested = false;
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }

        foreach (var attribute in OfCallers)
        {
            span.SetTag(attribute, null);
        }

        await next(context);
        var status = context.Response.StatusCode;
        span.SetTag("http.response.status_code", status);
        if (status >= StatusCodes.Status500InternalServerError)
        {
            span.SetStatus(ActivityStatusCode.Error);
        }

        var method = span.GetTagItem("http.request.method");
        if (context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } pattern })
        {
            var route = $"/{pattern.TrimStart('/')}";
            span.SetTag("http.route", route);
            span.DisplayName = $"{method} {route}";
        }
        else
        {
            span.DisplayName = $"{method}";
        }
    }
}
