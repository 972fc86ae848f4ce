using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using RateLimiter.Dashboard;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// The sites whose pages may <see href="docs/production.md#pages-of-other-sites">call the API</see> from a browser (CORS).
/// </summary>
internal sealed class CorsOptions
{
    public const string Section = "Cors";
    private const string Any = "*";

    /// <summary>Origins, separated by commas, such as <c>https://app.example.org</c>; <c>*</c> for all.</summary>
    public string? Origins { get; set; }

    public bool IsForAll => Entries() is [Any];

    public string[] Entries() =>
        (Origins ?? "").Split(
            ',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
        );

    internal bool IsValid() =>
        IsForAll
        || Array.TrueForAll(
            Entries(),
            entry =>
                Uri.TryCreate(entry, UriKind.Absolute, out var origin)
                && origin.Scheme is "http" or "https"
                && string.Equals(
                    origin.GetLeftPart(UriPartial.Authority),
                    entry,
                    StringComparison.OrdinalIgnoreCase
                )
        );
}

internal static class BrowserOrigins
{
    private static readonly TimeSpan PreflightMaxAge = TimeSpan.FromMinutes(10);

    // The response headers that a page may read.
    private static readonly string[] Exposed =
    [
        "RateLimit",
        "RateLimit-Policy",
        HeaderNames.RetryAfter,
        HeaderNames.ETag,
        HeaderNames.Allow,
    ];

    public static void AddBrowserOrigins(
        this IServiceCollection services,
        ConfigurationManager configuration
    )
    {
        services
            .AddOptions<CorsOptions>()
            .Bind(configuration.GetSection(CorsOptions.Section))
            .Validate(
                options => options.IsValid(),
                "Cors:Origins must hold origins, such as https://app.example.org, or be *."
            )
            .ValidateOnStart();
        services.AddCors();
    }

    /// <summary>
    /// Adds CORS where an origin is configured. Keys are sent in a header, not in cookies, so that no page acts on behalf of
    /// the browser's user. The dashboard is for its own pages only.
    /// </summary>
    public static void UseBrowserOrigins(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<CorsOptions>>().Value;
        if (options.Entries().Length == 0)
        {
            return;
        }

        app.UseWhen(
            context => !context.Request.Path.StartsWithSegments(DashboardPaths.Root),
            api =>
                api.UseCors(policy =>
                    (
                        options.IsForAll
                            ? policy.AllowAnyOrigin()
                            : policy.WithOrigins(options.Entries())
                    )
                        .AllowAnyHeader()
                        .AllowAnyMethod()
                        .WithExposedHeaders(Exposed)
                        .SetPreflightMaxAge(PreflightMaxAge)
                )
        );
    }
}
