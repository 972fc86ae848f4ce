using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Sessions;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Postgres;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Application.Configuration;
using RateLimiter.Infrastructure.Clocks;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Audit;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.Infrastructure.Redis.Sessions;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Health;
using RateLimiter.Application.Background;
using RateLimiter.Infrastructure.Redis.Logs;
using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.Infrastructure;

public static class InfrastructureServices
{
    /// <summary>
    /// Adds the store: a Redis when one is configured, else the embedded one; and PostgreSQL, when that is, for the records.
    /// </summary>
    public static IServiceCollection AddInfrastructure(
        this IServiceCollection services,
        IConfiguration configuration
    )
    {
        services
            .AddOptions<RedisOptions>()
            .Bind(configuration.GetSection(RedisOptions.Section))
            .Configure(options => options.ReadSeedVariables(configuration))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<RedisOptions>, RedisOptionsValidator>();
        services
            .AddOptions<EmbeddedOptions>()
            .Bind(configuration.GetSection(EmbeddedOptions.Section))
            .Validate<IConfiguration>(
                (options, all) =>
                    RedisOptions.Read(all).IsConfigured
                    || !string.IsNullOrWhiteSpace(options.DataDirectory),
                "Embedded:DataDirectory must name a folder."
            )
            .MustBeWithin("Embedded:MaxBytes", it => it.MaxBytes, 64 << 20, 1L << 40)
            .ValidateOnStart();

        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<StoreClock>();
        services.AddKeyedSingleton<TimeProvider>(
            StoreOptions.Section,
            (provider, _) => provider.GetRequiredService<StoreClock>()
        );
        services.AddSingleton<RedisConnection>();
        services.AddHostedService(provider => provider.GetRequiredService<RedisConnection>());
        services.AddSingleton<IAuditRepository, RedisAuditRepository>();
        services.AddSingleton<IClientRepository>(provider =>
            provider.GetRequiredService<RedisClientRepository>()
        );
        services.AddSingleton<IDeletionRepository, RedisDeletionRepository>();
        services.AddSingleton<IKeyRepository>(provider =>
            provider.GetRequiredService<RedisKeyRepository>()
        );
        services.AddSingleton<IPolicyRepository>(provider =>
            provider.GetRequiredService<RedisPolicyRepository>()
        );
        services.AddSingleton<ISessionKeys, RedisSessionKeys>();
        services.AddSingleton<ISessions, RedisSessions>();
        services.AddSingleton<RedisInvalidationChannel>();
        services.AddSingleton<IClientChanges>(provider => provider.GetRequiredService<RedisInvalidationChannel>());
        services.AddHostedService(provider => provider.GetRequiredService<RedisInvalidationChannel>());
        services.AddSingleton<RedisCounterStore>();
        services.AddSingleton<ICounterStore>(provider =>
            provider.GetRequiredService<RedisCounterStore>()
        );
        services.AddSingleton<RedisClientRepository>();
        services.AddSingleton<PolicyImports>();
        services.AddSingleton<RedisPolicyRepository>();
        services.AddSingleton<RedisKeyRepository>();
        services.AddSingleton<RedisWarmUp>();
        services.AddSingleton<IWarmUp>(provider => provider.GetRequiredService<RedisWarmUp>());
        services.AddHostedService(provider => provider.GetRequiredService<RedisWarmUp>());
        services.AddHostedService<StoreMonitor>();
        services.AddHostedService<ConnectionRenewal>();
        services.AddSingleton<RedisDecisionLog>();
        services.AddSingleton<IDecisionLog>(provider =>
            provider.GetRequiredService<RedisDecisionLog>()
        );
        services.AddHostedService(provider => provider.GetRequiredService<RedisDecisionLog>());
        services.AddSingleton<RedisAnalytics>();
        services.AddSingleton<IAnalytics>(provider =>
            provider.GetRequiredService<RedisAnalytics>()
        );
        services.AddHostedService(provider => provider.GetRequiredService<RedisAnalytics>());
        services.AddSingleton<IDecisionFeed, RedisDecisionFeed>();
        services.AddHostedService<StoreMetrics>();
        services.AddHealthChecks().AddCheck<RedisHealthCheck>("store");
        return services.AddPostgres(configuration);
    }
}
