using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Policies;

/// <summary>
/// The journal of an import that is applied: the old versions and the entries of the audit trail are written from it, in
/// steps. A caller that needs them first completes what a process that ended has left in the journal.
/// </summary>
internal sealed class ImportJournal(RedisConnection connection, IOptions<QuotaOptions> quotas)
{
    private static readonly RedisScript Record = RedisScript.Load("record_import");

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
                        [PolicyStaging.JournalValuesPerStep, quotas.Value.MaxHistoryBytes]
                    ),
                cancellationToken
            );
}
