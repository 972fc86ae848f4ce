using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Application.Configuration;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Embedded;

internal static class EmbeddedServices
{
    /// <summary>Makes this service the host of its store, unless a Redis is configured.</summary>
    public static IServiceCollection AddEmbedded(
        this IServiceCollection services,
        IConfiguration configuration
    )
    {
        var isUsed = !RedisOptions.Read(configuration).IsConfigured;
        services
            .AddBoundOptions<EmbeddedOptions>(EmbeddedOptions.Section)
            .Validate(
                options => !isUsed || !string.IsNullOrWhiteSpace(options.DataDirectory),
                "Embedded:DataDirectory must name a folder."
            );
        return isUsed ? services.AddSingleton<IStoreHost, EmbeddedHost>() : services;
    }
}
