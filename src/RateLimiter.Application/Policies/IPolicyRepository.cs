using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Where policies are kept. Every member throws <see cref="StoreUnavailableException"/>.</summary>
public interface IPolicyRepository
{
    /// <summary>All policies of a client, in no particular order.</summary>
    Task<IReadOnlyList<Policy>> ListAsync(ClientId client, CancellationToken cancellationToken);

    Task<Policy?> FindAsync(ClientId client, PolicyKey key, CancellationToken cancellationToken);

    /// <summary>Keeps a policy in the place of the version before it.</summary>
    /// <param name="client">The client.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="maxPolicies">The most that the client can have.</param>
    /// <param name="maxBytes">The most that all of them can take up.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<PolicySave> TrySaveAsync(
        ClientId client,
        Policy policy,
        int maxPolicies,
        long maxBytes,
        CancellationToken cancellationToken
    );

    /// <returns>False when there is no such policy.</returns>
    Task<bool> DeleteAsync(ClientId client, PolicyKey key, CancellationToken cancellationToken);
}

/// <summary>What has become of a policy. But for the first, nothing has changed.</summary>
public enum PolicySave
{
    Saved,

    /// <summary>The version kept is another one by now.</summary>
    Outdated,

    /// <summary>The client has as many as it can.</summary>
    NoRoom,

    /// <summary>All of them would take up more than they can.</summary>
    TooLarge,

    /// <summary>The client is gone.</summary>
    NoClient,
}
