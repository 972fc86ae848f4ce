using Microsoft.Extensions.DependencyInjection;

namespace RateLimiter.Application.Policies;

internal static class PolicyServices
{
    public static IServiceCollection AddPolicies(this IServiceCollection services)
    {
        services.AddSingleton<PolicyWriter>();
        services.AddHostedService<TimeZoneMetrics>();
        return services;
    }
}
