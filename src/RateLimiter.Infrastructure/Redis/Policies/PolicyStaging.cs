using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Policies;

/// <summary>
/// Stages many policies beside the current ones, in steps that are short for the store. A script then swaps them in at once.
/// </summary>
internal sealed class PolicyStaging(RedisConnection connection)
{
    /// <summary>The number of policies that are written in a step: about a millisecond's work.</summary>
    internal const int PerStep = 200;

    /// <summary>The same in values of the journal, of which each change has four.</summary>
    internal const int JournalValuesPerStep = 4 * PerStep;

    /// <summary>Staged data expires when it is not swapped in.</summary>
    private static readonly TimeSpan StagedFor = TimeSpan.FromMinutes(1);

    private static readonly RedisScript Stage = RedisScript.Load("stage");

    /// <summary>Stages policies beside the current ones; they expire.</summary>
    /// <param name="client">The client.</param>
    /// <param name="token">Distinguishes these policies from others that are staged at the same time.</param>
    /// <param name="policies">In the format of <see cref="RedisKeys.Policies"/>.</param>
    /// <param name="cancellationToken">Cancels the staging.</param>
    /// <exception cref="StoreUnavailableException">The store does not reply.</exception>
    public async Task StagePoliciesAsync(
        ClientId client,
        string token,
        IEnumerable<KeyValuePair<string, RedisValue>> policies,
        CancellationToken cancellationToken
    )
    {
        var staged = RedisKeys.StagedPolicies(client, token);
        foreach (var portion in policies.Chunk(PerStep))
        {
            await StageStepAsync(
                client,
                staged,
                "HSET",
                portion.SelectMany(policy => new RedisValue[] { policy.Key, policy.Value }),
                cancellationToken
            );
        }
    }

    /// <summary>Stages the journal of changes (<see cref="ImportJournal"/>), from which they are recorded.</summary>
    /// <exception cref="StoreUnavailableException">The store does not reply.</exception>
    public async Task StageJournalAsync(
        ClientId client,
        string token,
        PolicyChanges changes,
        CancellationToken cancellationToken
    )
    {
        var journal = RedisKeys.StagedJournal(client, token);
        var deletion = TombstoneDocument.Write(changes.At, changes.Actor.KeyId);
        var entries = changes
            .Changes.Select(change =>
                new RedisValue[]
                {
                    RedisKeys.PolicyField(change.Key),
                    change.Before.Version,
                    change.After is null ? deletion : "",
                    AuditDocument.WriteEntryWithoutPolicy(
                        change.ToAudit(changes.At, changes.Actor)
                    ),
                }
            )
            .Concat(
                changes.Overrides.Select(change =>
                    new RedisValue[]
                    {
                        RedisKeys.OverrideField(change.Id),
                        change.BaseVersion,
                        "",
                        AuditDocument.WriteEntryWithoutPolicy(
                            change.ToAudit(changes.At, changes.Actor)
                        ),
                    }
                )
            );
        foreach (var portion in entries.Chunk(PerStep))
        {
            await StageStepAsync(
                client,
                journal,
                "RPUSH",
                portion.SelectMany(values => values),
                cancellationToken
            );
        }
    }

    private Task<RedisResult> StageStepAsync(
        ClientId client,
        RedisKey key,
        string command,
        IEnumerable<RedisValue> arguments,
        CancellationToken cancellationToken
    )
    {
        RedisValue[] values = [command, (long)StagedFor.TotalMilliseconds, .. arguments];
        return connection.AskAsync(
            RedisKeys.Client(client),
            database => Stage.EvaluateAsync(database, [key], values),
            connection.AdministrativeTimeout,
            cancellationToken
        );
    }
}
