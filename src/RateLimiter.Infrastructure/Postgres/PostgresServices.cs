using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Configuration;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;
using RateLimiter.Infrastructure.Postgres.Administration;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Clients;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Health;
using RateLimiter.Infrastructure.Postgres.Keys;
using RateLimiter.Infrastructure.Postgres.Outbox;
using RateLimiter.Infrastructure.Postgres.Policies;
using RateLimiter.Infrastructure.Postgres.Projection;
using RateLimiter.Infrastructure.Postgres.Schema;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Postgres;

internal static class PostgresServices
{
    /// <summary>Makes PostgreSQL the system of record, when one is configured. Otherwise the store is.</summary>
    public static IServiceCollection AddPostgres(
        this IServiceCollection services,
        IConfiguration configuration
    )
    {
        var section = configuration.GetSection(PostgresOptions.Section);
        if (string.IsNullOrWhiteSpace(section[nameof(PostgresOptions.ConnectionString)]))
        {
            return services;
        }

        services.AddBoundOptions<PostgresOptions>(PostgresOptions.Section);
        services.AddSingleton<IValidateOptions<PostgresOptions>, PostgresOptionsValidator>();
        services.AddBoundOptions<AuditOptions>(AuditOptions.Section);
        services.AddSingleton<PostgresDatabase>();
        services.AddHosted<PostgresSchema>();
        services.AddSingleton<ClientProjection>();
        services.AddSingleton<IAuditRepository, PostgresAuditRepository>();
        services.AddSingleton<IClientRepository, PostgresClientRepository>();
        services.AddSingleton<IDeletionRepository, PostgresDeletionRepository>();
        services.AddSingleton<IKeyRepository, PostgresKeyRepository>();
        services.AddSingleton<IPolicyRepository, PostgresPolicyRepository>();
        services.AddHostedService<PostgresWarmUp>();
        services.AddHostedService<OutboxRelay>();
        services.AddHostedService<ProjectionReconciler>();
        services.AddHostedService<AuditRetention>();
        services.AddSingleton<SystemOfRecordImport>();
        services.AddSingleton(provider => new PostgresAdministration(
            provider.GetRequiredService<PostgresDatabase>(),
            provider.GetRequiredService<PostgresSchema>(),
            provider.GetRequiredService<SystemOfRecordImport>(),
            provider.GetRequiredService<RedisConnection>()
        ));
        services.AddHostedService<PostgresMetrics>();
        services.AddHealthChecks().AddCheck<PostgresHealthCheck>("postgres");
        return services;
    }
}
