using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Registration;

internal static class RegistrationServices
{
    public static IServiceCollection AddRegistration(this IServiceCollection services)
    {
        services.AddBoundOptions<RegistrationOptions>(
            RegistrationOptions.Section,
            options => options.Mode != RegistrationMode.Closed
        );
        services.AddSingleton<
            IValidateOptions<RegistrationOptions>,
            RegistrationOptionsValidator
        >();
        return services;
    }
}
