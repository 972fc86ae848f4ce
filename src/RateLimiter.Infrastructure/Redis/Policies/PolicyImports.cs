using System.Globalization;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Policies;

/// <summary>
/// Changes many policies of a client atomically, in steps that are short for the store, so that no other tenant's
/// checks are delayed.
/// </summary>
/// <remarks>
/// The new policies are staged beside the current ones, with a journal of the changes. One step, which takes no longer
/// for many policies than for few, then swaps them in if nothing has changed meanwhile: from that moment on the change
/// is applied. The old versions and the entries of the audit trail are written after that, from the journal. The next
/// change, or the next read of the history, first completes what a process that ended has left in the journal.
/// </remarks>
internal sealed class PolicyImports(RedisConnection connection, IOptions<QuotaOptions> quotas)
{
    /// <summary>The number of policies that are written in a step: about a millisecond's work.</summary>
    internal const int PerStep = 200;

    /// <summary>The number of journal values of each change.</summary>
    private const int ValuesPerChange = 4;

    /// <summary>How often it is checked whether a change was applied, while the store does not reply.</summary>
    private const int MaxLooks = 20;

    /// <summary>Staged data expires when the import is not continued.</summary>
    private static readonly TimeSpan StagedFor = TimeSpan.FromMinutes(1);

    private static readonly RedisScript Commit = RedisScript.Load("commit_import");
    private static readonly RedisScript Record = RedisScript.Load("record_import");

    /// <inheritdoc cref="IPolicyRepository.TryChangeAsync"/>
    public async Task<PolicyChangeResult> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    )
    {
        await FinishAsync(client, cancellationToken);
        var stored = await ReadAsync(client, cancellationToken);
        if (stored.ClientVersion is null)
        {
            return new PolicyChangeResult(PolicySave.NoClient);
        }

        if (
            changes.SetVersion is { } wanted && wanted != stored.PoliciesVersion
            || changes.Changes.Any(change => change.Before.Version != stored.VersionOf(change.Key))
        )
        {
            return new PolicyChangeResult(PolicySave.Outdated);
        }

        var (policies, bytes) = Apply(changes, stored);
        var excess = Excess(changes, policies.Count, bytes, stored, quota);
        if (excess is not PolicySave.Saved || changes.DryRun)
        {
            return new PolicyChangeResult(excess);
        }

        var token = Guid.NewGuid().ToString("N");
        await StageAsync(client, token, policies, cancellationToken);
        await StageJournalAsync(client, token, changes, cancellationToken);
        var reply = await CommitAsync(
            client,
            token,
            policies.Count,
            bytes,
            stored,
            cancellationToken
        );
        if (reply.Outcome is PolicySave.Saved)
        {
            await RecordAsync(client);
        }

        return reply;
    }

    /// <summary>Completes the records of an import that is applied.</summary>
    /// <exception cref="StoreUnavailableException">The store does not reply.</exception>
    public async Task FinishAsync(ClientId client, CancellationToken cancellationToken)
    {
        var isLeft = await connection.AskAsync(
            RedisKeys.Client(client),
            database =>
                database.KeyExistsAsync(RedisKeys.ImportJournal(client), CommandFlags.DemandMaster),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        while (isLeft)
        {
            isLeft = await RecordStepAsync(client, cancellationToken);
        }
    }

    /// <summary>Stages policies beside the current ones; they expire.</summary>
    /// <param name="client">The client.</param>
    /// <param name="token">Distinguishes these policies from others that are staged at the same time.</param>
    /// <param name="policies">In the format of <see cref="RedisKeys.Policies"/>.</param>
    /// <param name="cancellationToken">Cancels the staging.</param>
    /// <exception cref="StoreUnavailableException">The store does not reply.</exception>
    public async Task StageAsync(
        ClientId client,
        string token,
        IEnumerable<KeyValuePair<string, RedisValue>> policies,
        CancellationToken cancellationToken
    )
    {
        var staged = RedisKeys.StagedPolicies(client, token);
        foreach (var portion in policies.Chunk(PerStep))
        {
            HashEntry[] entries =
            [
                .. portion.Select(policy => new HashEntry(policy.Key, policy.Value)),
            ];
            await StageStepAsync(
                client,
                staged,
                database => database.HashSetAsync(staged, entries),
                cancellationToken
            );
        }
    }

    private static (StoredPolicies.Fields Policies, long Bytes) Apply(
        PolicyChanges changes,
        Stored stored
    )
    {
        var (policies, bytes) = (stored.Policies, stored.PolicyBytes);
        foreach (var change in changes.Changes)
        {
            var field = (string)RedisKeys.PolicyField(change.Key)!;
            if (policies.Remove(field, out var old))
            {
                bytes -= old.Length();
            }

            if (change.After is { } after)
            {
                RedisValue saved = $"{change.Version} {PolicyDocument.Write(after)}";
                policies.Add(field, saved);
                bytes += saved.Length();
            }
        }

        return (policies, bytes);
    }

    private static PolicySave Excess(
        PolicyChanges changes,
        int policies,
        long bytes,
        Stored stored,
        PolicyQuota quota
    ) =>
        policies > quota.MaxPolicies && changes.Changes.Any(change => change.Before.Policy is null)
            ? PolicySave.NoRoom
        : bytes > quota.MaxBytes && bytes > stored.PolicyBytes ? PolicySave.TooLarge
        : PolicySave.Saved;

    private Task<Stored> ReadAsync(ClientId client, CancellationToken cancellationToken) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
            {
                var (versions, hashes) = await StoredPolicies.ReadAsync(
                    database,
                    [RedisKeys.Policies(client), RedisKeys.DeletedPolicies(client)],
                    async step =>
                    {
                        var versions = database.HashGetAsync(
                            RedisKeys.Client(client),
                            ["version", "policies_version", "policy_bytes"],
                            CommandFlags.DemandMaster
                        );
                        step.Ask(database);
                        return ((long?)(await versions)[1], await versions);
                    },
                    () => RedisPolicyRepository.FindVersionAsync(database, client),
                    isOfOneMoment: true
                );
                return new Stored(
                    (long?)versions[0],
                    (long?)versions[1] ?? 0,
                    (long?)versions[2] ?? 0,
                    hashes[0],
                    hashes[1]
                );
            },
            connection.AdministrativeTimeout,
            cancellationToken
        );

    private async Task StageJournalAsync(
        ClientId client,
        string token,
        PolicyChanges changes,
        CancellationToken cancellationToken
    )
    {
        var journal = RedisKeys.StagedJournal(client, token);
        var deletion = TombstoneDocument.Write(changes.At, changes.Actor.KeyId);
        foreach (var portion in changes.Changes.Chunk(PerStep))
        {
            RedisValue[] values =
            [
                .. portion.SelectMany(change =>
                    new RedisValue[]
                    {
                        RedisKeys.PolicyField(change.Key),
                        change.Before.Version,
                        change.After is null ? deletion : "",
                        AuditDocument.WriteEntryWithoutPolicy(
                            change.ToAudit(changes.At, changes.Actor)
                        ),
                    }
                ),
            ];
            await StageStepAsync(
                client,
                journal,
                database => database.ListRightPushAsync(journal, values),
                cancellationToken
            );
        }
    }

    private Task<bool> StageStepAsync(
        ClientId client,
        RedisKey key,
        Func<IDatabase, Task> write,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
            {
                var written = write(database);
                var isKept = database.KeyExpireAsync(key, StagedFor);
                await written;
                return await isKept;
            },
            connection.AdministrativeTimeout,
            cancellationToken
        );

    private async Task<PolicyChangeResult> CommitAsync(
        ClientId client,
        string token,
        int count,
        long bytes,
        Stored stored,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var reply = (long[])
                (
                    await connection.WriteAsync(
                        RedisKeys.Client(client),
                        database =>
                            Commit.EvaluateAsync(
                                database,
                                [
                                    RedisKeys.Client(client),
                                    RedisKeys.Policies(client),
                                    RedisKeys.PoliciesBeforeImport(client),
                                    RedisKeys.ImportJournal(client),
                                    RedisKeys.StagedPolicies(client, token),
                                    RedisKeys.StagedJournal(client, token),
                                    RedisKeys.PolicyChanges(client),
                                ],
                                [client.Value, stored.PoliciesVersion, count, bytes, token]
                            ),
                        cancellationToken
                    )
                )!;
            return new PolicyChangeResult((PolicySave)reply[0], reply[1]);
        }
        catch (StoreUnavailableException exception)
            when (exception.InnerException is not null && !RedisConnection.WasNotSent(exception))
        {
            if (await IsMadeAsync(client, token, cancellationToken))
            {
                return new PolicyChangeResult(PolicySave.Saved, ClientDirectory.Latest);
            }

            throw;
        }
    }

    // The store may have been stopped just before it replied.
    private async Task<bool> IsMadeAsync(
        ClientId client,
        string token,
        CancellationToken cancellationToken
    )
    {
        for (var attempt = 1; ; attempt++)
        {
            await Task.Delay(RedisLink.ReconnectInterval, cancellationToken);
            try
            {
                return await connection.AskAsync(
                        RedisKeys.Client(client),
                        database =>
                            database.HashGetAsync(
                                RedisKeys.Client(client),
                                "import",
                                CommandFlags.DemandMaster
                            ),
                        connection.AdministrativeTimeout,
                        cancellationToken
                    ) == token;
            }
            catch (StoreUnavailableException) when (attempt < MaxLooks)
            {
                // The next attempt checks again.
            }
        }
    }

    // The change is applied, whatever the outcome of this: what remains is left to the next caller.
    private async Task RecordAsync(ClientId client)
    {
        try
        {
            await FinishAsync(client, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The failure was already reported.
        }
    }

    /// <returns>Whether there is more to be recorded.</returns>
    private async Task<bool> RecordStepAsync(
        ClientId client,
        CancellationToken cancellationToken
    ) =>
        (bool)
            await connection.WriteAsync(
                RedisKeys.Client(client),
                database =>
                    Record.EvaluateAsync(
                        database,
                        [
                            RedisKeys.Client(client),
                            RedisKeys.Policies(client),
                            RedisKeys.DeletedPolicies(client),
                            RedisKeys.PolicyVersions(client),
                            RedisKeys.PolicyVersionOrder(client),
                            RedisKeys.Audit(client),
                            RedisKeys.PoliciesBeforeImport(client),
                            RedisKeys.ImportJournal(client),
                        ],
                        [PerStep * ValuesPerChange, quotas.Value.MaxHistoryBytes]
                    ),
                cancellationToken
            );

    /// <summary>What is stored of a client's policies.</summary>
    /// <param name="ClientVersion">The client's version; null when the client was deleted.</param>
    /// <param name="PoliciesVersion">The version of all policies.</param>
    /// <param name="PolicyBytes">Their size.</param>
    /// <param name="Policies">In the format of <see cref="RedisKeys.Policies"/>.</param>
    /// <param name="Deleted">In the format of <see cref="RedisKeys.DeletedPolicies"/>.</param>
    private sealed record Stored(
        long? ClientVersion,
        long PoliciesVersion,
        long PolicyBytes,
        StoredPolicies.Fields Policies,
        StoredPolicies.Fields Deleted
    )
    {
        /// <summary>
        /// The version of a policy, or of its deletion if it was deleted; 0 when nothing is known about it.
        /// </summary>
        public long VersionOf(PolicyKey key)
        {
            var field = (string)RedisKeys.PolicyField(key)!;
            if (Policies.TryGetValue(field, out var policy))
            {
                var text = (string)policy!;
                return long.Parse(
                    text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)),
                    CultureInfo.InvariantCulture
                );
            }

            return (long?)Deleted.GetValueOrDefault(field, RedisValue.Null) ?? 0;
        }
    }
}
