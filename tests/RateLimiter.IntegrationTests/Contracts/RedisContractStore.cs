using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.IntegrationTests.Redis.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

internal sealed class RedisContractStore(StoreKind kind) : ContractStore($"{kind}")
{
    public override async Task<Ports> OpenAsync()
    {
        var connection = (await TestStore.GetAsync(kind)).Connection;
        return new Ports(
            new RedisClientRepository(connection, TestStore.Quotas),
            new RedisKeyRepository(connection, TestStore.Quotas),
            connection.Policies(),
            connection.Audit(),
            new RedisDeletionRepository(connection)
        );
    }
}
