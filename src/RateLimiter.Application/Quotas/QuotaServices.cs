using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

internal static class QuotaServices
{
    public static IServiceCollection AddQuotas(this IServiceCollection services)
    {
        services
            .AddOptions<QuotaOptions>()
            .BindConfiguration(QuotaOptions.Section)
            .MustBeWithin("Quotas:MaxPolicies", it => it.MaxPolicies, 1, 1_000_000)
            .MustBeWithin("Quotas:MaxPolicyBytes", it => it.MaxPolicyBytes, 1024, 1 << 30)
            .MustBeWithin("Quotas:MaxHistoryBytes", it => it.MaxHistoryBytes, 1024, 1 << 30)
            .MustBeWithin("Quotas:MaxKeys", it => it.MaxKeys, 1, 10_000)
            .MustBeWithin(
                "Quotas:MaxWindowSeconds",
                it => it.MaxWindowSeconds,
                1,
                Limit.MaxWindowSeconds
            )
            .MustBeWithin("Quotas:ChecksPerSecond", it => it.ChecksPerSecond, 0, Limit.MaxPermits)
            .MustBeWithin(
                "Quotas:AdministrativeCallsPerSecond",
                it => it.AdministrativeCallsPerSecond,
                0,
                Limit.MaxPermits
            )
            .MustBeWithin(
                "Quotas:AdministrativeBurst",
                it => it.AdministrativeBurst,
                1,
                Limit.MaxPermits
            )
            .ValidateOnStart();
        services.AddSingleton<CheckQuota>();
        services.AddSingleton<AdministrativeRate>();
        services.AddHostedService<QuotaMetrics>();
        return services;
    }
}
