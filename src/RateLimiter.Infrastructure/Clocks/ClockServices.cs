using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Stores;

namespace RateLimiter.Infrastructure.Clocks;

internal static class ClockServices
{
    /// <summary>The system's clock, and by the key <see cref="StoreOptions.Section"/> the one that bounds waits for a store.</summary>
    public static IServiceCollection AddClocks(this IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<StoreClock>();
        services.AddKeyedSingleton<TimeProvider>(
            StoreOptions.Section,
            (provider, _) => provider.GetRequiredService<StoreClock>()
        );
        return services;
    }
}
