using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Infrastructure.Redis.Audit;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Policies;

namespace RateLimiter.IntegrationTests.Redis.Policies;

/// <summary>The adapters that share the journal of imports.</summary>
internal static class PolicyAdapters
{
    public static RedisPolicyRepository Policies(
        this RedisConnection connection,
        IOptions<QuotaOptions>? quotas = null
    )
    {
        var journal = connection.Journal(quotas);
        return new RedisPolicyRepository(
            connection,
            new PolicyImports(connection, new PolicyStaging(connection), journal),
            journal,
            quotas ?? TestStore.Quotas
        );
    }

    public static RedisAuditRepository Audit(this RedisConnection connection) =>
        new(connection, connection.Journal());

    public static ImportJournal Journal(
        this RedisConnection connection,
        IOptions<QuotaOptions>? quotas = null
    ) => new(connection, quotas ?? TestStore.Quotas);
}
