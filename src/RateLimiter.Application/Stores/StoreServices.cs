using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Stores;

internal static class StoreServices
{
    public static IServiceCollection AddStores(this IServiceCollection services)
    {
        services
            .AddOptions<StoreOptions>()
            .BindConfiguration(StoreOptions.Section)
            .MustBeWithin("Store:TimeoutMs", it => it.TimeoutMs, 1, StoreOptions.MaxTimeoutMs)
            .Validate(
                options => Enum.IsDefined(options.OnFailure),
                "Store:OnFailure must be deny, allow or local."
            )
            .ValidateOnStart();
        services.AddSingleton<StoreRoom>();
        return services;
    }
}
