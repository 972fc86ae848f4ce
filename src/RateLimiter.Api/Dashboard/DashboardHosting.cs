using RateLimiter.Api.Hosting;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Dashboard;

namespace RateLimiter.Api.Dashboard;

/// <summary>
/// Hosts the dashboard at <see cref="DashboardPaths.Root"/>, in a separate branch of the pipeline, so that no other request
/// passes through any of it.
/// </summary>
internal static class DashboardHosting
{
    public static void AddDashboard(this WebApplicationBuilder builder)
    {
        // Static files of projects and packages are in their folders until the service is published.
        builder.WebHost.UseStaticWebAssets();
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Services.AddDashboard();
    }

    public static void UseDashboard(this WebApplication app)
    {
        // The host would put this middleware in front of every request.
        IApplicationBuilder pipeline = app;
        pipeline.Properties["__AuthenticationMiddlewareSet"] = true;
        pipeline.Properties["__AuthorizationMiddlewareSet"] = true;

        app.Map(
            DashboardPaths.Root,
            branch =>
            {
                // Built on the first request: it does not delay the start of the service.
                var dashboard = new Lazy<RequestDelegate>(() => Build(branch.New()));
                branch.Run(context => dashboard.Value(context));
            }
        );
    }

    private static RequestDelegate Build(IApplicationBuilder dashboard)
    {
        // With no-referrer, a browser does not send the origin of a form either.
        dashboard.UsePageHeaders(PageHeaders.OfDashboard, "same-origin");
        // Where there is no page: for requests that no browser sends.
        dashboard.UseStatusCodePages(ProblemResponse.WriteStatusAsync);
        dashboard.Use(RefuseOtherOriginsAsync);
        dashboard.UseDashboard();
        return dashboard.Build();
    }

    /// <summary>
    /// Pages of other sites can neither submit forms nor open a connection, which browsers would allow. Clients that are not
    /// browsers send no origin.
    /// </summary>
    private static Task RefuseOtherOriginsAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        var origin = request.Headers.Origin.ToString();
        if (
            origin is ""
            || (
                Uri.TryCreate(origin, UriKind.Absolute, out var address)
                && string.Equals(
                    address.Authority,
                    request.Host.Value,
                    StringComparison.OrdinalIgnoreCase
                )
            )
        )
        {
            return next(context);
        }

        return ProblemResponse.WriteAsync(
            context,
            StatusCodes.Status403Forbidden,
            "The dashboard is used from its own pages only."
        );
    }
}
