using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Logs;

internal static class LogServices
{
    public static IServiceCollection AddLogs(this IServiceCollection services)
    {
        services
            .AddOptions<StreamOptions>()
            .BindConfiguration(StreamOptions.Section)
            .MustBeWithin("Streams:MaxPerClient", it => it.MaxPerClient, 0, 100_000)
            .MustBeWithin("Streams:MaxPerInstance", it => it.MaxPerInstance, 0, 100_000)
            .MustBeWithin("Streams:EventsPerSecond", it => it.EventsPerSecond, 1, 1_000_000)
            .MustBeWithin(
                "Streams:EventsPerSecondPerInstance",
                it => it.EventsPerSecondPerInstance,
                1,
                100_000_000
            )
            .ValidateOnStart();
        services.AddSingleton<DecisionFollowers>();
        services.AddSingleton<StreamLoad>();
        services.AddHostedService<StreamMetrics>();
        return services;
    }
}
