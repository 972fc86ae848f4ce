using Microsoft.Extensions.Options;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Configuration;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>
/// <c>/metrics</c>, in the format of Prometheus or OpenMetrics, as requested. It reads only the memory of the process, so
/// that it answers while the store does not.
/// </summary>
internal static class MetricsEndpoint
{
    public const string Path = "/metrics";
    private const string Scheme = "Bearer ";

    /// <summary>Not mapped where metrics are disabled.</summary>
    public static void MapMetrics(this WebApplication app)
    {
        if (app.Services.GetService<MetricsReader>() is not { } reader)
        {
            return;
        }

        IEndpointRouteBuilder endpoints = app;
        var options = app.Services.GetRequiredService<IOptions<MetricsOptions>>().Value;
        var pipeline = endpoints.CreateApplicationBuilder();
        if (!string.IsNullOrEmpty(options.Token))
        {
            var token = new ConfiguredToken(options.Token);
            pipeline.Use(
                (context, next) => IsAdmitted(context, token) ? next(context) : Refuse(context)
            );
        }

        // Built on the first request: see MetricsReader.
        var answer = new Lazy<RequestDelegate>(() => Build(pipeline.New(), reader));
        pipeline.Run(context => answer.Value(context));
        endpoints.MapMethods(Path, [HttpMethods.Get], pipeline.Build());
    }

    private static RequestDelegate Build(IApplicationBuilder pipeline, MetricsReader reader) =>
        pipeline
            .UseOpenTelemetryPrometheusScrapingEndpoint(
                reader.Provider,
                predicate: _ => true,
                path: null,
                configureBranchedPipeline: null,
                optionsName: null
            )
            .Build();

    private static bool IsAdmitted(HttpContext context, ConfiguredToken token) =>
        context.Request.Headers.Authorization is [{ } given]
        && given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && token.Is(given[Scheme.Length..].Trim());

    private static Task Refuse(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return ProblemResponse.WriteAsync(
            context,
            StatusCodes.Status401Unauthorized,
            "The header Authorization does not hold the token of the metrics."
        );
    }
}
