using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Radzen;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Sessions;

namespace RateLimiter.Dashboard;

/// <summary>The services of the dashboard.</summary>
public static class DashboardServices
{
    /// <summary>Adds pages, and sessions with the keys that they are encrypted with.</summary>
    public static void AddDashboard(this IServiceCollection services)
    {
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
            // The host sets stricter headers.
            options.SuppressXFrameOptionsHeader = true;
        });
        services.AddSessionKeys();
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
}
