using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Clients;

internal static class ClientServices
{
    public static IServiceCollection AddClients(this IServiceCollection services)
    {
        services.AddBoundOptions<ClientOptions>(ClientOptions.Section);
        services.AddSingleton<ClientDirectory>();
        services.AddHosted<ClientDeletions>();
        services.AddHostedService<ClientMetrics>();
        return services;
    }
}
