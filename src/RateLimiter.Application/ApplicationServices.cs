using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;

namespace RateLimiter.Application;

public static class ApplicationServices
{
    /// <summary>
    /// Adds MediatR, every request handler of this assembly, and the client directory. MediatR 5.1 comes without a
    /// registration of its own. Handlers keep no state, so that one of each serves all requests.
    /// </summary>
    public static IServiceCollection AddApplication(this IServiceCollection services)
    {
        services.AddSingleton<ServiceFactory>(provider => provider.GetRequiredService);
        services.AddSingleton<IMediator, Mediator>();

        foreach (var handler in typeof(ApplicationServices).Assembly.GetTypes())
        {
            foreach (var contract in handler.GetInterfaces().Where(IsRequestHandler))
            {
                services.AddSingleton(contract, handler);
            }
        }

        services.AddSingleton<ClientDirectory>();
        services.AddSingleton<StoreFallback>();
        services.AddHostedService(provider => provider.GetRequiredService<StoreFallback>());
        services.AddSingleton<LocalCounters>();
        services
            .AddOptions<StoreOptions>()
            .BindConfiguration(StoreOptions.Section)
            .Validate(
                options => options.TimeoutMs is >= 1 and <= StoreOptions.MaxTimeoutMs,
                $"Store:TimeoutMs must be from 1 to {StoreOptions.MaxTimeoutMs}."
            )
            .Validate(
                options => Enum.IsDefined(options.OnFailure),
                "Store:OnFailure must be deny, allow or local."
            )
            .ValidateOnStart();
        services
            .AddOptions<RegistrationOptions>()
            .BindConfiguration(RegistrationOptions.Section)
            .ValidateOnStart();
        services.AddSingleton<
            IValidateOptions<RegistrationOptions>,
            RegistrationOptionsValidator
        >();
        return services;
    }

    private static bool IsRequestHandler(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IRequestHandler<,>);
}
