using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Analytics;

internal static class AnalyticsServices
{
    public static IServiceCollection AddAnalytics(this IServiceCollection services)
    {
        services
            .AddOptions<AnalyticsOptions>()
            .BindConfiguration(AnalyticsOptions.Section)
            .MustBeWithin(
                "Analytics:MinuteRetentionHours",
                it => it.MinuteRetentionHours,
                1,
                AnalyticsOptions.MaxMinuteRetentionHours
            )
            .MustBeWithin(
                "Analytics:HourRetentionDays",
                it => it.HourRetentionDays,
                1,
                AnalyticsOptions.MaxHourRetentionDays
            )
            .MustBeWithin(
                "Analytics:UserRetentionDays",
                it => it.UserRetentionDays,
                1,
                AnalyticsOptions.MaxUserRetentionDays
            )
            .ValidateOnStart();
        return services;
    }
}
