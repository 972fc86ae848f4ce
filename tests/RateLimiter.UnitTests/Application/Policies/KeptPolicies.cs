using RateLimiter.Application.Policies;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Policies;

/// <summary>The policies of one client, with all their versions.</summary>
internal sealed class KeptPolicies : IPolicyRepository
{
    private readonly Dictionary<PolicyKey, List<PolicyVersion>> versions = [];

    private long setVersion;

    /// <summary>The changes that were made, in order.</summary>
    public List<PolicyChanges> Changes { get; } = [];

    /// <summary>The overrides, by id.</summary>
    public Dictionary<string, Override> Overrides { get; } = [];

    /// <summary>The quota that was passed.</summary>
    public PolicyQuota? Quota { get; private set; }

    /// <summary>The result that it returns for every change instead of making it.</summary>
    public PolicySave? Refusal { get; set; }

    /// <summary>Whether changes succeed, but the reply is lost.</summary>
    public bool LosesAnswers { get; set; }

    /// <summary>What another request does before the next change arrives.</summary>
    public Action? BeforeChange { get; set; }

    /// <summary>Saves a policy, as another request would.</summary>
    public Policy Save(PolicyDefinition definition)
    {
        var change = Head(definition.Key).Save(definition, TestData.Moment, TestData.Actor);
        Make(change, TestData.Moment);
        return change.After!;
    }

    /// <summary>Deletes a policy, as another request would.</summary>
    public void Delete(PolicyKey key) => Make(Head(key).Delete(), TestData.Moment);

    public PolicyHead Head(PolicyKey key) =>
        versions.TryGetValue(key, out var known)
            ? new PolicyHead(key, known[^1].Version, known[^1].Policy)
            : PolicyHead.None(key);

    public Task<PolicySet> ListAsync(ClientId client, CancellationToken cancellationToken) =>
        Task.FromResult(
            new PolicySet(setVersion, [.. versions.Keys.Select(Head)])
            {
                Overrides = [.. Overrides.Values],
            }
        );

    public Task<PolicyHead> FindAsync(
        ClientId client,
        PolicyKey key,
        CancellationToken cancellationToken
    ) => Task.FromResult(Head(key));

    public Task<Override?> FindOverrideAsync(
        ClientId client,
        string id,
        CancellationToken cancellationToken
    ) => Task.FromResult(Overrides.GetValueOrDefault(id));

    public Task<IReadOnlyList<PolicyVersion>> ListVersionsAsync(
        ClientId client,
        PolicyKey key,
        long? before,
        int limit,
        CancellationToken cancellationToken
    ) =>
        Task.FromResult<IReadOnlyList<PolicyVersion>>([
            .. versions
                .GetValueOrDefault(key, [])
                .Where(version => before is null || version.Version < before)
                .Reverse()
                .Take(limit),
        ]);

    public Task<PolicyChangeResult> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    )
    {
        BeforeChange?.Invoke();
        BeforeChange = null;
        Quota = quota;
        if (Refusal is { } refusal)
        {
            return Task.FromResult(new PolicyChangeResult(refusal));
        }

        if (
            changes.SetVersion is { } expected && expected != setVersion
            || changes.Changes.Any(change => Head(change.Key) != change.Before)
            || changes.Overrides.Any(change =>
                Overrides.GetValueOrDefault(change.Id)?.Version != change.Before?.Version
            )
        )
        {
            return Task.FromResult(new PolicyChangeResult(PolicySave.Outdated));
        }

        Changes.Add(changes);
        if (!changes.DryRun)
        {
            foreach (var change in changes.Changes)
            {
                Make(change, changes.At);
            }

            foreach (var change in changes.Overrides)
            {
                setVersion++;
                Overrides.Remove(change.Id);
                if (change.After is { } after)
                {
                    Overrides.Add(change.Id, after);
                }
            }
        }

        return LosesAnswers
            ? throw new StoreUnavailableException("lost")
            : Task.FromResult(new PolicyChangeResult(PolicySave.Saved, setVersion + 1));
    }

    private void Make(PolicyChange change, DateTimeOffset at)
    {
        if (!versions.TryGetValue(change.Key, out var known))
        {
            versions[change.Key] = known = [];
        }

        known.Add(
            change.After is { } policy
                ? PolicyVersion.Of(policy)
                : new PolicyVersion(change.Version, at, TestData.Actor.KeyId, null)
        );
        setVersion++;
    }
}
