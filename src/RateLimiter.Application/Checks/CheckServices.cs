using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Checks;

internal static class CheckServices
{
    public static IServiceCollection AddChecks(this IServiceCollection services)
    {
        services.AddSingleton<DecisionRecorder>();
        services.AddSingleton<DecisionMetrics>();
        services.AddSingleton<IdempotencyQuota>();
        services.AddHosted<StoreFallback>();
        services.AddSingleton<LocalCounters>();
        return services;
    }
}
