using System.Net.Mime;
using RateLimiter.Dashboard;

namespace RateLimiter.Api.Hosting;

/// <summary>The page at <c>/</c>: links to the dashboard and to the API documents.</summary>
internal static class HomePage
{
    public static void MapHome(this WebApplication app)
    {
        IEndpointRouteBuilder endpoints = app;
        var page = endpoints.CreateApplicationBuilder();
        page.UsePageHeaders(PageHeaders.OfDocs, "no-referrer");
        page.Run(WriteAsync);
        endpoints.MapMethods("/", [HttpMethods.Get], page.Build());
    }

    private static Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = $"{MediaTypeNames.Text.Html}; charset=utf-8";
        // ProxyHeaders accepts no character that could end the attribute.
        return context.Response.WriteAsync(
            $"""
            <!DOCTYPE html>
            <html lang="en">
              <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>RateLimiter</title>
                <link rel="icon" type="image/svg+xml" href="{context.Request.PathBase}{DashboardPaths.Icon}" />
              </head>
              <body>
                <h1>RateLimiter</h1>
                <ul>
                  <li><a href="{context.Request.PathBase}{DashboardPaths.Root}/">Dashboard</a></li>
                  <li><a href="{context.Request.PathBase}/docs/">API documentation</a></li>
                  <li><a href="{context.Request.PathBase}/openapi.json">OpenAPI document</a></li>
                </ul>
              </body>
            </html>

            """
        );
    }
}
