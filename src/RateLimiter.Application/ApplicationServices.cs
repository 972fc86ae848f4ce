using MediatR;
using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Registration;
using RateLimiter.Application.Reservations;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Application;

public static class ApplicationServices
{
    /// <summary>Adds MediatR, every request handler of this assembly, and what each feature needs.</summary>
    public static IServiceCollection AddApplication(this IServiceCollection services) =>
        services
            .AddRequestHandlers()
            .AddTelemetry()
            .AddStores()
            .AddQuotas()
            .AddClients()
            .AddRegistration()
            .AddKeys()
            .AddPolicies()
            .AddChecks()
            .AddReservations()
            .AddLogs()
            .AddAnalytics();

    /// <summary>
    /// MediatR 5.1 has no registration of its own. Handlers are stateless, so one instance of each serves all requests.
    /// </summary>
    private static IServiceCollection AddRequestHandlers(this IServiceCollection services)
    {
        services.AddSingleton<ServiceFactory>(provider => provider.GetRequiredService);
        foreach (var handler in typeof(ApplicationServices).Assembly.GetTypes())
        {
            foreach (var contract in handler.GetInterfaces().Where(IsRequestHandler))
            {
                services.AddSingleton(contract, handler);
            }
        }

        return services;
    }

    private static bool IsRequestHandler(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IRequestHandler<,>);
}
