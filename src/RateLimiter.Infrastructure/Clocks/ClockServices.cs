using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Stores;

namespace RateLimiter.Infrastructure.Clocks;

internal static class ClockServices
{
    /// <summary>
    /// Adds the system's clock, and under the key <see cref="StoreOptions.Section"/> the clock that bounds waits for a
    /// store.
    /// </summary>
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
