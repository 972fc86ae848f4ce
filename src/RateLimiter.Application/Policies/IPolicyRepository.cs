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
    /// <returns>False, with nothing changed, when the version kept is another one by now.</returns>
    Task<bool> TrySaveAsync(ClientId client, Policy policy, CancellationToken cancellationToken);

    /// <returns>False when there is no such policy.</returns>
    Task<bool> DeleteAsync(ClientId client, PolicyKey key, CancellationToken cancellationToken);
}
