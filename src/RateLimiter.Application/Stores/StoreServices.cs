using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Stores;

internal static class StoreServices
{
    public static IServiceCollection AddStores(this IServiceCollection services)
    {
        services
            .AddBoundOptions<StoreOptions>(StoreOptions.Section)
            .Validate(
                options => Enum.IsDefined(options.OnFailure),
                "Store:OnFailure must be deny, allow or local."
            );
        services.AddSingleton<StoreRoom>();
        return services;
    }
}
