using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Background;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Configuration;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Reservations;
using RateLimiter.Application.Sessions;
using RateLimiter.Infrastructure.Redis.Analytics;
using RateLimiter.Infrastructure.Redis.Audit;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Health;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Logs;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.Infrastructure.Redis.Reservations;
using RateLimiter.Infrastructure.Redis.Sessions;

namespace RateLimiter.Infrastructure.Redis;

internal static class RedisServices
{
    /// <summary>
    /// Adds the adapters of all ports. Background services start in this order: the connection, its warm-up and its
    /// monitor, then what writes to it.
    /// </summary>
    public static IServiceCollection AddRedis(
        this IServiceCollection services,
        IConfiguration configuration
    ) =>
        services
            .AddConnection(configuration)
            .AddCounters()
            .AddRegistry()
            .AddHealth()
            .AddDecisions()
            .AddSessions();

    private static IServiceCollection AddConnection(
        this IServiceCollection services,
        IConfiguration configuration
    )
    {
        services
            .AddBoundOptions<RedisOptions>(RedisOptions.Section)
            .Configure(options => options.ReadSeedVariables(configuration));
        services.AddSingleton<IValidateOptions<RedisOptions>, RedisOptionsValidator>();
        return services
            .AddHosted<RedisConnection>()
            .AddHosted<RedisInvalidationChannel>()
            .AddAs<IClientChanges, RedisInvalidationChannel>();
    }

    private static IServiceCollection AddCounters(this IServiceCollection services) =>
        services
            .AddSingleton<CheckProbe>()
            .AddAs<ICounterStore, RedisCounterStore>()
            .AddAs<IReservationStore, RedisReservationStore>()
            .AddHosted<ReservationQuota>();

    private static IServiceCollection AddRegistry(this IServiceCollection services) =>
        services
            .AddSingleton<PolicyStaging>()
            .AddSingleton<ImportJournal>()
            .AddSingleton<PolicyImports>()
            .AddAs<IAuditRepository, RedisAuditRepository>()
            .AddAs<IClientRepository, RedisClientRepository>()
            .AddAs<IDeletionRepository, RedisDeletionRepository>()
            .AddAs<IKeyRepository, RedisKeyRepository>()
            .AddAs<IPolicyRepository, RedisPolicyRepository>();

    private static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddHosted<RedisWarmUp>().AddAs<IWarmUp, RedisWarmUp>();
        services.AddHostedService<StoreMonitor>();
        services.AddHostedService<ConnectionRenewal>();
        services.AddHostedService<StoreMetrics>();
        services.AddHealthChecks().AddCheck<RedisHealthCheck>("store");
        return services;
    }

    private static IServiceCollection AddDecisions(this IServiceCollection services) =>
        services
            .AddHosted<RedisDecisionLog>()
            .AddAs<IDecisionLog, RedisDecisionLog>()
            .AddHosted<RedisAnalytics>()
            .AddAs<IAnalytics, RedisAnalytics>()
            .AddSingleton<IDecisionFeed, RedisDecisionFeed>();

    private static IServiceCollection AddSessions(this IServiceCollection services) =>
        services
            .AddSingleton<ISessionKeys, RedisSessionKeys>()
            .AddSingleton<ISessions, RedisSessions>();
}
