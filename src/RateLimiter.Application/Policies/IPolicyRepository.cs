using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Stores policies and overrides. Every member throws <see cref="StoreUnavailableException"/>.</summary>
public interface IPolicyRepository
{
    /// <summary>All policies and overrides of a client; none for a deleted client.</summary>
    Task<PolicySet> ListAsync(ClientId client, CancellationToken cancellationToken);

    /// <summary>The last known state of one policy.</summary>
    Task<PolicyHead> FindAsync(ClientId client, PolicyKey key, CancellationToken cancellationToken);

    /// <summary>An override of a client; null when there is none of this id.</summary>
    Task<Override?> FindOverrideAsync(
        ClientId client,
        string id,
        CancellationToken cancellationToken
    );

    /// <summary>The known versions of a policy, newest first, including the current one.</summary>
    /// <param name="client">The client.</param>
    /// <param name="key">The policy, which may be deleted.</param>
    /// <param name="before">Only versions before this one; null for all.</param>
    /// <param name="limit">The maximum number of versions.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<IReadOnlyList<PolicyVersion>> ListVersionsAsync(
        ClientId client,
        PolicyKey key,
        long? before,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Makes all changes or none, writes an audit entry for each in the same step, and keeps the versions of policies that they
    /// replace.
    /// </summary>
    Task<PolicyChangeResult> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    );
}

/// <summary>The limits on a client's policies and overrides.</summary>
/// <param name="MaxPolicies">The maximum number of policies; not checked for changes that create none.</param>
/// <param name="MaxBytes">The maximum size of all policies; not checked for changes that reduce the size.</param>
/// <param name="MaxOverrides">The maximum number of overrides; not checked for changes that create none.</param>
public sealed record PolicyQuota(int MaxPolicies, long MaxBytes, int MaxOverrides = int.MaxValue)
{
    /// <summary>Whether a client may have what changes would leave.</summary>
    /// <param name="creates">Whether a policy is created.</param>
    /// <param name="count">The number of policies after the changes.</param>
    /// <param name="bytes">Their size after the changes.</param>
    /// <param name="growth">By how many bytes the changes increase it.</param>
    /// <param name="overrides">The number of overrides after the changes; 0 when none is created.</param>
    /// <returns><see cref="PolicySave.Saved"/>, or the reason of a rejection.</returns>
    public PolicySave Admit(bool creates, int count, long bytes, long growth, int overrides) =>
        creates && count > MaxPolicies ? PolicySave.NoRoom
        : overrides > MaxOverrides ? PolicySave.NoRoomForOverrides
        : growth > 0 && bytes > MaxBytes ? PolicySave.TooLarge
        : PolicySave.Saved;
}

/// <summary>The result of changes.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Version">
/// The new version of the client; <see cref="Clients.ClientDirectory.Latest"/> when it is unknown. 0 when nothing has changed.
/// </param>
public readonly record struct PolicyChangeResult(PolicySave Outcome, long Version = 0);

/// <summary>The outcome of changes. Except for the first value, nothing has changed.</summary>
public enum PolicySave
{
    Saved,

    /// <summary>The stored version of a policy, or of the set, is another one by now.</summary>
    Outdated,

    /// <summary>The client has the maximum number of policies.</summary>
    NoRoom,

    /// <summary>All policies together would exceed the maximum size.</summary>
    TooLarge,

    /// <summary>The client no longer exists.</summary>
    NoClient,

    /// <summary>The client has the maximum number of overrides. The number is that of the scripts.</summary>
    NoRoomForOverrides = 6,
}
