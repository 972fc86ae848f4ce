using RateLimiter.Infrastructure.Redis;
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
