using RateLimiter.Infrastructure.Redis.Audit;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Policies;
using RateLimiter.IntegrationTests.Redis;

namespace RateLimiter.IntegrationTests.Contracts;

internal sealed class RedisContractStore(StoreKind kind) : ContractStore($"{kind}")
{
    public override async Task<Ports> OpenAsync()
    {
        var connection = (await TestStore.GetAsync(kind)).Connection;
        return new Ports(
            new RedisClientRepository(connection, TestStore.Quotas),
            new RedisKeyRepository(connection, TestStore.Quotas),
            new RedisPolicyRepository(
                connection,
                new PolicyImports(connection, TestStore.Quotas),
                TestStore.Quotas
            ),
            new RedisAuditRepository(connection, new PolicyImports(connection, TestStore.Quotas)),
            new RedisDeletionRepository(connection)
        );
    }
}
