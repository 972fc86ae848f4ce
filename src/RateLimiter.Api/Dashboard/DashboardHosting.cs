using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Radzen;
using RateLimiter.Api.Dashboard.Components;
using RateLimiter.Api.Dashboard.Formatting;
using RateLimiter.Api.Dashboard.Sessions;
using RateLimiter.Api.Dashboard.Shell;
using RateLimiter.Api.Dashboard.SigningIn;
using RateLimiter.Api.Hosting;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;

namespace RateLimiter.Api.Dashboard;

/// <summary>
/// The dashboard at <see cref="Path"/>, in a separate branch of the pipeline with its own routing, sessions and files, so
/// that no other request passes through any of it.
/// </summary>
internal static class DashboardHosting
{
    public const string Path = "/dashboard";

    /// <summary>The path of the pages' connections, below <see cref="Path"/>.</summary>
    public const string HubPath = "/_blazor";

    public static void AddDashboard(this WebApplicationBuilder builder)
    {
        // Static files of packages are in the package folders until the service is published.
        builder.WebHost.UseStaticWebAssets();
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        var services = builder.Services;
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddRadzenComponents();
        services.AddCascadingAuthenticationState();
        services.AddScoped<DashboardSession>();
        services.AddScoped<ViewerClock>();
        services
            .AddAuthentication(SessionCookie.Scheme)
            .AddCookie(SessionCookie.Scheme, SessionCookie.Configure);
        services.AddSingleton<SessionCookie>();
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "ratelimiter-antiforgery";
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            // PageHeaders sets stricter headers.
            options.SuppressXFrameOptionsHeader = true;
        });
        services.AddSessionKeys();
    }

    public static void UseDashboard(this WebApplication app)
    {
        // The host would put this middleware in front of every request.
        IApplicationBuilder pipeline = app;
        pipeline.Properties["__AuthenticationMiddlewareSet"] = true;
        pipeline.Properties["__AuthorizationMiddlewareSet"] = true;

        app.Map(
            Path,
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
        dashboard.Use(ShowErrorsAsync);
        dashboard.UseRouting();
        dashboard.Use(PrepareKeysAsync);
        dashboard.UseAuthentication();
        dashboard.UseAuthorization();
        dashboard.UseAntiforgery();
        dashboard.UseEndpoints(endpoints =>
        {
            // They need none of the middleware after the routing.
            endpoints.MapStaticAssets().ShortCircuit();
            endpoints.MapSignIn();
            endpoints
                .MapRazorComponents<App>()
                // PageHeaders prevents framing.
                .AddInteractiveServerRenderMode(options =>
                    options.ContentSecurityFrameAncestorsPolicy = null
                )
                .RequireAuthorization();
        });
        return dashboard.Build();
    }

    private static void AddSessionKeys(this IServiceCollection services)
    {
        services.AddSingleton<SessionKeyRepository>();
        services.AddSingleton<SessionKeyManager>();
        services.Replace(
            ServiceDescriptor.Singleton<IKeyManager>(provider =>
                provider.GetRequiredService<SessionKeyManager>()
            )
        );
        // The same name for all instances, wherever they are installed.
        services
            .AddDataProtection()
            .SetApplicationName("RateLimiter")
            .DisableAutomaticKeyGeneration();
        services
            .AddOptions<KeyManagementOptions>()
            .Configure<SessionKeyRepository>(
                (options, repository) => options.XmlRepository = repository
            );
        // It would request the keys at the start of the service, before they are available.
        services.Remove(
            services.Single(service =>
                service.ServiceType == typeof(IHostedService)
                && service.ImplementationType?.Assembly == typeof(KeyManagementOptions).Assembly
            )
        );
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

    private static async Task PrepareKeysAsync(HttpContext context, RequestDelegate next)
    {
        await context
            .RequestServices.GetRequiredService<SessionKeyManager>()
            .PrepareAsync(context.RequestAborted);
        await next(context);
    }

    /// <summary>A page in plain words for when the pages themselves cannot be shown.</summary>
    private static async Task ShowErrorsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (StoreUnavailableException)
            when (!context.Response.HasStarted && !context.Request.Path.StartsWithSegments(HubPath))
        {
            context.Response.SetRetryAfter(StoreFallback.RetryAfter);
            await new RazorComponentResult<StoreDownPage>
            {
                StatusCode = StatusCodes.Status503ServiceUnavailable,
            }.ExecuteAsync(context);
        }
    }
}
