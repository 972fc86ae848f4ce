using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace RateLimiter.Application.Configuration;

/// <summary>How services of all layers are registered that are one instance under several types.</summary>
public static class SharedInstances
{
    /// <summary>Registers one instance as the port and under the adapter's own type.</summary>
    /// <param name="services">Where to add it.</param>
    public static IServiceCollection AddAs<TPort, TAdapter>(this IServiceCollection services)
        where TPort : class
        where TAdapter : class, TPort
    {
        services.TryAddSingleton<TAdapter>();
        return services.AddSingleton<TPort>(provider => provider.GetRequiredService<TAdapter>());
    }

    /// <summary>Registers one instance under its own type and as a background service.</summary>
    /// <param name="services">Where to add it.</param>
    public static IServiceCollection AddHosted<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.TryAddSingleton<T>();
        return services.AddHostedService(provider => provider.GetRequiredService<T>());
    }
}
