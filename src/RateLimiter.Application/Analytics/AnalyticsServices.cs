using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Analytics;

internal static class AnalyticsServices
{
    public static IServiceCollection AddAnalytics(this IServiceCollection services)
    {
        services.AddBoundOptions<AnalyticsOptions>(AnalyticsOptions.Section);
        services.AddSingleton<AnalyticsSpans>();
        return services;
    }
}
