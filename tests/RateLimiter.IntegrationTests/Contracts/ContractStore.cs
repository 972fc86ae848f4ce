using RateLimiter.Application.Audit;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;

namespace RateLimiter.IntegrationTests.Contracts;

/// <summary>A store that must keep the contracts. A new one is a class more, and a line in <see cref="All"/>.</summary>
/// <param name="name">What the tests' names say of it.</param>
public abstract class ContractStore(string name)
{
    public static IEnumerable<ContractStore> All =>
        [
            new RedisContractStore(Redis.StoreKind.Embedded),
            new RedisContractStore(Redis.StoreKind.Redis),
            new PostgresContractStore(),
        ];

    /// <summary>The adapters of the store, which is shared. Skips the test where it cannot be started.</summary>
    public abstract Task<Ports> OpenAsync();

    public override string ToString() => name;
}

/// <summary>What the contracts are of.</summary>
public sealed record Ports(
    IClientRepository Clients,
    IKeyRepository Keys,
    IPolicyRepository Policies,
    IAuditRepository Audit,
    IDeletionRepository Deletions
);
