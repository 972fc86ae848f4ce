using System.Diagnostics;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary><see cref="PolicySaved"/>, another success, or the reason of a rejection.</summary>
public abstract record PolicyOutcome;

/// <param name="Policy">The policy as it is stored.</param>
/// <param name="ResetLimits">The names of limits that it had before, and whose usage no longer counts.</param>
public sealed record PolicySaved(Policy Policy, IReadOnlyList<string> ResetLimits) : PolicyOutcome
{
    internal static PolicySaved By(PolicyChange change) => new(change.After!, change.ResetLimits);
}

public sealed record PolicyDeleted : PolicyOutcome;

/// <summary>There is no such policy, or no such version of it.</summary>
public sealed record PolicyNotFound : PolicyOutcome;

/// <summary>The current version does not meet the condition of the change.</summary>
public sealed record ConditionFailed : PolicyOutcome;

/// <param name="Max">The maximum number of policies of a client.</param>
public sealed record TooManyPolicies(int Max) : PolicyOutcome;

/// <param name="Max">The maximum number of overrides of a client.</param>
public sealed record TooManyOverrides(int Max) : PolicyOutcome;

/// <param name="MaxBytes">The maximum size of all policies of a client.</param>
public sealed record PoliciesTooLarge(long MaxBytes) : PolicyOutcome;

/// <param name="MaxSeconds">The maximum window of a limit.</param>
public sealed record WindowTooLong(int MaxSeconds) : PolicyOutcome;

/// <summary>Other callers changed the same again and again, so that nothing was changed.</summary>
public sealed record PoliciesContended : PolicyOutcome;

/// <summary>The client was deleted in the meantime.</summary>
public sealed record NoSuchClient : PolicyOutcome;

/// <summary>Changes policies and overrides of clients, within their quotas.</summary>
internal sealed class PolicyWriter(
    IPolicyRepository policies,
    ClientDirectory directory,
    StoreRoom room,
    IOptions<QuotaOptions> quotas,
    TimeProvider time
)
{
    /// <summary>So often a change is planned again because another caller's came in between.</summary>
    internal const int MaxAttempts = 20;

    /// <summary>
    /// Reads the current state and returns the changes to make, with the outcome if they succeed; null for no change. It is
    /// called again when another request changed the policies in between.
    /// </summary>
    public delegate Task<(PolicyChanges? Changes, PolicyOutcome Outcome)> Plan(DateTimeOffset now);

    public async Task<PolicyOutcome> ChangeAsync(
        ClientId client,
        Plan plan,
        CancellationToken cancellationToken
    )
    {
        var options = quotas.Value;
        var quota = new PolicyQuota(
            options.MaxPolicies,
            options.MaxPolicyBytes,
            options.MaxOverrides
        );
        try
        {
            for (var attempt = 1; attempt <= MaxAttempts; attempt++)
            {
                var (changes, outcome) = await plan(time.GetUtcNow());
                if (changes is null)
                {
                    return outcome;
                }

                if (
                    changes
                        .Changes.SelectMany(change => change.After?.Limits ?? [])
                        .Any(limit => limit.LongestWindow.TotalSeconds > options.MaxWindowSeconds)
                )
                {
                    return new WindowTooLong(options.MaxWindowSeconds);
                }

                if (
                    !changes.DryRun
                    && (
                        changes.Changes.Any(change => change.After is not null)
                        || changes.Overrides.Any(change => change.After is not null)
                    )
                )
                {
                    room.Ensure();
                }

                var (save, version) = await policies.TryChangeAsync(
                    client,
                    changes,
                    quota,
                    cancellationToken
                );
                switch (save)
                {
                    case PolicySave.Saved when changes.DryRun:
                        return outcome;
                    case PolicySave.Saved:
                        directory.Apply(
                            client,
                            version,
                            known =>
                                known with
                                {
                                    Policies = known.Policies.With(changes.Changes),
                                    Overrides = known.Overrides.With(changes.Overrides),
                                }
                        );
                        return outcome;
                    case PolicySave.NoRoom:
                        return new TooManyPolicies(quota.MaxPolicies);
                    case PolicySave.TooLarge:
                        return new PoliciesTooLarge(quota.MaxBytes);
                    case PolicySave.NoRoomForOverrides:
                        return new TooManyOverrides(quota.MaxOverrides);
                    case PolicySave.NoClient:
                        return new NoSuchClient();
                    case PolicySave.Outdated:
                        // Changed by another caller in between: plan again on what is there now.
                        break;
                    default:
                        throw new UnreachableException($"{save}");
                }
            }

            return new PoliciesContended();
        }
        finally
        {
            // Also after a failure: a save without a reply may have succeeded.
            directory.Invalidate(client);
        }
    }

    /// <summary>Changes one policy.</summary>
    public Task<PolicyOutcome> ChangeAsync(
        ClientId client,
        PolicyKey key,
        VersionCondition condition,
        Actor actor,
        Func<PolicyHead, DateTimeOffset, Task<(PolicyChange? Change, PolicyOutcome Outcome)>> plan,
        CancellationToken cancellationToken
    ) =>
        ChangeAsync(
            client,
            async now =>
            {
                var head = await policies.FindAsync(client, key, cancellationToken);
                if (!condition.Holds(head.Policy?.Version))
                {
                    return (null, new ConditionFailed());
                }

                var (change, outcome) = await plan(head, now);
                return (
                    change is null ? null : new PolicyChanges([change], null, now, actor),
                    outcome
                );
            },
            cancellationToken
        );
}
