using Microsoft.Extensions.DependencyInjection;

namespace RateLimiter.Application.Checks;

internal static class CheckServices
{
    public static IServiceCollection AddChecks(this IServiceCollection services)
    {
        services.AddSingleton<DecisionRecorder>();
        services.AddSingleton<DecisionMetrics>();
        services.AddSingleton<StoreFallback>();
        services.AddHostedService(provider => provider.GetRequiredService<StoreFallback>());
        services.AddSingleton<LocalCounters>();
        return services;
    }
}
