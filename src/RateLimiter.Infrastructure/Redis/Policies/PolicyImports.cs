using RateLimiter.Application.Clients;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
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
internal sealed class PolicyImports(
    RedisConnection connection,
    PolicyStaging staging,
    ImportJournal journal
)
{
    /// <summary>How often it is checked whether a change was applied, while the store does not reply.</summary>
    private const int MaxLooks = 20;

    private static readonly RedisScript Commit = RedisScript.Load("commit_import");

    /// <inheritdoc cref="IPolicyRepository.TryChangeAsync"/>
    public async Task<PolicyChangeResult> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    )
    {
        await journal.FinishAsync(client, cancellationToken);
        var stored = await connection.AskAsync(
            RedisKeys.Client(client),
            database => StoredPolicySet.ReadAsync(database, client),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        if (stored.ClientVersion is null)
        {
            return new PolicyChangeResult(PolicySave.NoClient);
        }

        if (!stored.IsBaseOf(changes))
        {
            return new PolicyChangeResult(PolicySave.Outdated);
        }

        var bytes = stored.Apply(changes);
        var overrides = stored.CountOverrides();
        var admitted = quota.Admit(
            changes.Changes.Any(change => change.Before.Policy is null),
            stored.Policies.Count - overrides,
            bytes,
            bytes - stored.Bytes,
            changes.Overrides.Any(change => change.Before is null) ? overrides : 0
        );
        if (admitted is not PolicySave.Saved || changes.DryRun)
        {
            return new PolicyChangeResult(admitted);
        }

        var token = Guid.NewGuid().ToString("N");
        await staging.StagePoliciesAsync(client, token, stored.Policies, cancellationToken);
        await staging.StageJournalAsync(client, token, changes, cancellationToken);
        var reply = await CommitAsync(
            client,
            token,
            stored.Policies.Count,
            overrides,
            bytes,
            stored.Version,
            cancellationToken
        );
        if (reply.Outcome is PolicySave.Saved)
        {
            await RecordAsync(client);
        }

        return reply;
    }

    private async Task<PolicyChangeResult> CommitAsync(
        ClientId client,
        string token,
        int count,
        int overrides,
        long bytes,
        long version,
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
                                [client.Value, version, count, bytes, token, overrides]
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
            await journal.FinishAsync(client, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The failure was already reported.
        }
    }
}
