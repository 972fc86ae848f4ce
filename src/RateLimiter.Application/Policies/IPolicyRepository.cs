using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Where policies are kept. Every member throws <see cref="StoreUnavailableException"/>.</summary>
public interface IPolicyRepository
{
    /// <summary>All policies of a client. Of a client that is gone there are none.</summary>
    Task<PolicySet> ListAsync(ClientId client, CancellationToken cancellationToken);

    /// <summary>What is known of one policy.</summary>
    Task<PolicyHead> FindAsync(ClientId client, PolicyKey key, CancellationToken cancellationToken);

    /// <summary>The versions of a policy that are still known, newest first, the one that is there included.</summary>
    /// <param name="client">The client.</param>
    /// <param name="key">Which policy, which may be deleted.</param>
    /// <param name="before">Only versions before this one; null for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<IReadOnlyList<PolicyVersion>> ListVersionsAsync(
        ClientId client,
        PolicyKey key,
        long? before,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Makes all changes or none, notes each in the audit trail in the same step, and keeps the versions they replace.
    /// </summary>
    Task<PolicyChangeResult> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    );
}

/// <summary>How much a client can have.</summary>
/// <param name="MaxPolicies">So many policies, which is not looked at by changes that make none.</param>
/// <param name="MaxBytes">So much room for all of them, which is not looked at by changes after which they need less.</param>
public sealed record PolicyQuota(int MaxPolicies, long MaxBytes);

/// <summary>What has become of changes.</summary>
/// <param name="Outcome">What.</param>
/// <param name="Version">
/// The version that the client has with them; <see cref="Clients.ClientDirectory.Latest"/> when that is not known. 0 when
/// nothing has changed.
/// </param>
public readonly record struct PolicyChangeResult(PolicySave Outcome, long Version = 0);

/// <summary>What has become of a policy. But for the first, nothing has changed.</summary>
public enum PolicySave
{
    Saved,

    /// <summary>The version kept, of a policy or of the set, is another one by now.</summary>
    Outdated,

    /// <summary>The client has as many as it can.</summary>
    NoRoom,

    /// <summary>All of them would take up more than they can.</summary>
    TooLarge,

    /// <summary>The client is gone.</summary>
    NoClient,
}
