using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Infrastructure.Clocks;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Postgres;
using RateLimiter.Infrastructure.Redis;

namespace RateLimiter.Infrastructure;

public static class InfrastructureServices
{
    /// <summary>
    /// Adds the store: Redis when one is configured, else the embedded store; and PostgreSQL, when configured, as the
    /// system of record.
    /// </summary>
    public static IServiceCollection AddInfrastructure(
        this IServiceCollection services,
        IConfiguration configuration
    ) =>
        services
            .AddClocks()
            .AddRedis(configuration)
            .AddEmbedded(configuration)
            .AddPostgres(configuration);
}
