using RateLimiter.Application.Policies;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

internal sealed class RedisPolicyRepository(RedisConnection connection) : IPolicyRepository
{
    public async Task<PolicySet> ListAsync(ClientId client, CancellationToken cancellationToken)
    {
        var values = await connection.AskAsync(
            RedisKeys.Policies(client),
            database =>
                database.HashValuesAsync(RedisKeys.Policies(client), CommandFlags.DemandMaster),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return new PolicySet(
            0,
            [.. values.Select(value => PolicyHead.Of(PolicyDocument.Parse(value!)))]
        );
    }

    public async Task<PolicyHead> FindAsync(
        ClientId client,
        PolicyKey key,
        CancellationToken cancellationToken
    )
    {
        var value = await connection.AskAsync(
            RedisKeys.Policies(client),
            database =>
                database.HashGetAsync(
                    RedisKeys.Policies(client),
                    RedisKeys.PolicyField(key),
                    CommandFlags.DemandMaster
                ),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return value.IsNull ? PolicyHead.None(key) : PolicyHead.Of(PolicyDocument.Parse(value!));
    }

    public Task<IReadOnlyList<PolicyVersion>> ListVersionsAsync(
        ClientId client,
        PolicyKey key,
        long? before,
        int limit,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public Task<PolicySave> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();
}
