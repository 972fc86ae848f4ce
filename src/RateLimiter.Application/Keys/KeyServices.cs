using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Keys;

internal static class KeyServices
{
    public static IServiceCollection AddKeys(this IServiceCollection services)
    {
        services.AddBoundOptions<AuthenticationOptions>(AuthenticationOptions.Section);
        services.AddSingleton<Authenticator>();
        services.AddSingleton<FailedAuthentications>();
        services.AddSingleton<KeyWriter>();
        services.AddHosted<KeyUses>();
        return services;
    }
}
