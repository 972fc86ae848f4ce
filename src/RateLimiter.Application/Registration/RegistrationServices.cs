using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Registration;

internal static class RegistrationServices
{
    public static IServiceCollection AddRegistration(this IServiceCollection services)
    {
        services
            .AddOptions<RegistrationOptions>()
            .BindConfiguration(RegistrationOptions.Section)
            .MustBeWithin(
                "Registration:PermitLimit",
                it => it.PermitLimit,
                0,
                Limit.MaxPermits,
                IsUsed
            )
            .MustBeWithin(
                "Registration:WindowSeconds",
                it => it.WindowSeconds,
                1,
                Limit.MaxWindowSeconds,
                IsUsed
            )
            .ValidateOnStart();
        services.AddSingleton<
            IValidateOptions<RegistrationOptions>,
            RegistrationOptionsValidator
        >();
        return services;
    }

    private static bool IsUsed(RegistrationOptions options) =>
        options.Mode != RegistrationMode.Closed;
}
