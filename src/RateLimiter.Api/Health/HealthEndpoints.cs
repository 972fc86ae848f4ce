using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace RateLimiter.Api.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: it can decide, because its store answers; 503 otherwise.
/// While a shard of its store does not answer it is <c>degraded</c>, and still 200.
/// </summary>
internal static class HealthEndpoints
{
    /// <summary>The common path prefix.</summary>
    public const string Prefix = "/health";

    public const string LivePath = Prefix + "/live";
    public const string ReadyPath = Prefix + "/ready";

    public static void MapHealth(this WebApplication app)
    {
        var get = new HttpMethodMetadata([HttpMethods.Get]);
        app.MapHealthChecks(
                LivePath,
                new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }
            )
            .WithMetadata(get);
        app.MapHealthChecks(ReadyPath, new HealthCheckOptions { ResponseWriter = WriteAsync })
            .WithMetadata(get);
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(
            new HealthResponse(
                Text(report.Status),
                report.Entries.ToDictionary(entry => entry.Key, entry => Text(entry.Value.Status))
            )
        );

    private static string Text(HealthStatus status) =>
        status switch
        {
            HealthStatus.Healthy => "healthy",
            HealthStatus.Degraded => "degraded",
            _ => "unhealthy",
        };

    /// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
    /// <param name="Checks">The same for each component.</param>
    private sealed record HealthResponse(string Status, IReadOnlyDictionary<string, string> Checks);
}
