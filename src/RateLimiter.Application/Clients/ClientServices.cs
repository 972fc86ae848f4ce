using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Clients;

internal static class ClientServices
{
    public static IServiceCollection AddClients(this IServiceCollection services)
    {
        services
            .AddOptions<ClientOptions>()
            .BindConfiguration(ClientOptions.Section)
            .MustBeWithin(
                "Clients:MaxCachedBytes",
                it => it.MaxCachedBytes,
                ClientOptions.MinCachedBytes,
                ClientOptions.MaxMaxCachedBytes
            )
            .ValidateOnStart();
        services.AddSingleton<ClientDirectory>();
        services.AddSingleton<ClientDeletions>();
        services.AddHostedService(provider => provider.GetRequiredService<ClientDeletions>());
        services.AddHostedService<ClientMetrics>();
        return services;
    }
}
