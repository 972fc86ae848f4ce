using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Keys;

internal static class KeyServices
{
    public static IServiceCollection AddKeys(this IServiceCollection services)
    {
        services
            .AddOptions<AuthenticationOptions>()
            .BindConfiguration(AuthenticationOptions.Section)
            .MustBeWithin("Authentication:FailureLimit", it => it.FailureLimit, 1, Limit.MaxPermits)
            .MustBeWithin(
                "Authentication:FailureWindowSeconds",
                it => it.FailureWindowSeconds,
                1,
                Limit.MaxWindowSeconds
            )
            .ValidateOnStart();
        services.AddSingleton<Authenticator>();
        services.AddSingleton<FailedAuthentications>();
        services.AddSingleton<KeyWriter>();
        services.AddSingleton<KeyUses>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyUses>());
        return services;
    }
}
