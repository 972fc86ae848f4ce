using System.Text.Json;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

internal sealed class RedisPolicyRepository(RedisConnection connection) : IPolicyRepository
{
    private static readonly RedisScript Save = RedisScript.Load("save_policy");
    private static readonly RedisScript Delete = RedisScript.Load("delete_policy");

    public async Task<IReadOnlyList<Policy>> ListAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        var values = await connection.AskAsync(
            RedisKeys.Policies(client),
            database =>
                database.HashValuesAsync(RedisKeys.Policies(client), CommandFlags.DemandMaster),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return [.. values.Select(value => PolicyDocument.Parse(value!))];
    }

    public async Task<Policy?> FindAsync(
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
        return value.IsNull ? null : PolicyDocument.Parse(value!);
    }

    public async Task<PolicySave> TrySaveAsync(
        ClientId client,
        Policy policy,
        int maxPolicies,
        long maxBytes,
        CancellationToken cancellationToken
    ) =>
        (PolicySave)
            (int)
                await connection.WriteAsync(
                    RedisKeys.Client(client),
                    database =>
                        Save.EvaluateAsync(
                            database,
                            [RedisKeys.Client(client), RedisKeys.Policies(client)],
                            [
                                client.Value,
                                RedisKeys.PolicyField(policy.Key),
                                policy.Version,
                                JsonSerializer.Serialize(
                                    PolicyDocument.From(policy),
                                    RedisJson.Default.PolicyDocument
                                ),
                                maxPolicies,
                                maxBytes,
                            ]
                        ),
                    cancellationToken
                );

    public async Task<bool> DeleteAsync(
        ClientId client,
        PolicyKey key,
        CancellationToken cancellationToken
    ) =>
        (bool)
            await connection.WriteAsync(
                RedisKeys.Client(client),
                database =>
                    Delete.EvaluateAsync(
                        database,
                        [RedisKeys.Client(client), RedisKeys.Policies(client)],
                        [client.Value, RedisKeys.PolicyField(key)]
                    ),
                cancellationToken
            );
}
