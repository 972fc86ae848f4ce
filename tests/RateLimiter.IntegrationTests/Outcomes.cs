using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests;

/// <summary>
/// Extensions of the repositories for tests in which only the outcome counts, and nothing is known before.
/// </summary>
internal static class Outcomes
{
    public static async Task<PolicySave> OutcomeAsync(
        this IPolicyRepository policies,
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    ) => (await policies.TryChangeAsync(client, changes, quota, cancellationToken)).Outcome;

    public static async Task<bool> IsSavedAsync(
        this IKeyRepository keys,
        ClientId client,
        long version,
        KeyRing before,
        KeyRing after,
        AuditRecord audit,
        CancellationToken cancellationToken
    ) =>
        await keys.TrySaveAsync(client, version, before, after, audit, cancellationToken)
            is not null;

    public static Task<ClientSnapshot?> FindAsync(
        this IClientRepository clients,
        ClientId client,
        CancellationToken cancellationToken
    ) => clients.FindAsync(client, known: 0, loaded: null, cancellationToken);
}
