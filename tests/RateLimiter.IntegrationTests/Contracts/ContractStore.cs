using RateLimiter.Application.Audit;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

/// <summary>
/// A store that must satisfy the contracts. A new one needs one more class, and a line in <see cref="All"/>.
/// </summary>
/// <param name="name">The store's name in the names of the tests.</param>
public abstract class ContractStore(string name)
{
    public static IEnumerable<ContractStore> All =>
        [
            new RedisContractStore(Redis.StoreKind.Embedded),
            new RedisContractStore(Redis.StoreKind.Redis),
            new PostgresContractStore(),
        ];

    /// <summary>The adapters of the store, which is shared. Skips the test when the store cannot be started.</summary>
    public abstract Task<Ports> OpenAsync();

    public override string ToString() => name;
}

/// <summary>The ports that the contracts are about.</summary>
public sealed record Ports(
    IClientRepository Clients,
    IKeyRepository Keys,
    IPolicyRepository Policies,
    IAuditRepository Audit,
    IDeletionRepository Deletions
);
