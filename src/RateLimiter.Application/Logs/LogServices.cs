using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Logs;

internal static class LogServices
{
    public static IServiceCollection AddLogs(this IServiceCollection services)
    {
        services.AddBoundOptions<LogOptions>(LogOptions.Section);
        services.AddBoundOptions<StreamOptions>(StreamOptions.Section);
        services.AddSingleton<DecisionFollowers>();
        services.AddSingleton<StreamLoad>();
        services.AddHostedService<StreamMetrics>();
        return services;
    }
}
