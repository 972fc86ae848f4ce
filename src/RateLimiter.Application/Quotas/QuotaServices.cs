using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Quotas;

internal static class QuotaServices
{
    public static IServiceCollection AddQuotas(this IServiceCollection services)
    {
        services.AddBoundOptions<QuotaOptions>(QuotaOptions.Section);
        services.AddSingleton<CheckQuota>();
        services.AddSingleton<AdministrativeRate>();
        services.AddHostedService<QuotaMetrics>();
        return services;
    }
}
