using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Clients;

/// <summary>
/// There is no index of a client's counters, because maintaining one would make every check more expensive. The
/// counters are searched for among all keys of the store, page by page, together with the keys of the analytics.
/// </summary>
internal sealed class RedisDeletionRepository(RedisConnection connection) : IDeletionRepository
{
    private static readonly RedisScript Note = RedisScript.Load("note_deletion");
    private static readonly RedisScript Delete = RedisScript.Load("delete_client");

    public async Task<IReadOnlyList<ClientDeletion>> ListAsync(CancellationToken cancellationToken)
    {
        var noted = await connection.AskAsync(
            RedisKeys.Deletions,
            database => database.HashGetAllAsync(RedisKeys.Deletions, CommandFlags.DemandMaster),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return [.. noted.Select(note => DeletionDocument.Read(note.Name!, note.Value!))];
    }

    public Task<bool> TryBeginAsync(ClientDeletion deletion, CancellationToken cancellationToken) =>
        TryNoteAsync(deletion.Client, before: null, deletion, cancellationToken);

    public Task<bool> TryNoteAsync(
        ClientDeletion before,
        ClientDeletion? after,
        CancellationToken cancellationToken
    ) => TryNoteAsync(before.Client, before, after, cancellationToken);

    public Task<DeletionSummary> DeleteClientAsync(
        ClientDeletion deletion,
        CancellationToken cancellationToken
    ) => DeleteRegistryAsync(deletion.Client, cancellationToken);

    /// <inheritdoc cref="DeleteClientAsync"/>
    internal async Task<DeletionSummary> DeleteRegistryAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        var counts = (long[])
            (
                await connection.WriteAsync(
                    RedisKeys.Client(client),
                    database =>
                        Delete.EvaluateAsync(
                            database,
                            [
                                RedisKeys.Client(client),
                                RedisKeys.ApiKeys(client),
                                RedisKeys.ApiKeyUses(client),
                                RedisKeys.Policies(client),
                                RedisKeys.Log(client),
                                RedisKeys.DeletedPolicies(client),
                                RedisKeys.PolicyVersions(client),
                                RedisKeys.PolicyVersionOrder(client),
                                RedisKeys.Audit(client),
                                RedisKeys.ImportJournal(client),
                                RedisKeys.PolicyChanges(client),
                                RedisKeys.PoliciesBeforeImport(client),
                                RedisKeys.Log(client, ClientLog.Changes),
                            ],
                            [client.Value]
                        ),
                    cancellationToken
                )
            )!;
        return new DeletionSummary(counts[0], counts[1], counts[2], Counters: 0);
    }

    public async IAsyncEnumerable<int> DeleteCountersAsync(
        ClientId client,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var pages = KeyScan.ReadAsync(
            connection,
            RedisKeys.Everything(client),
            end: "",
            cancellationToken
        );
        await foreach (var (shard, keys) in pages)
        {
            await DeleteAsync(shard, keys, RedisKeys.Analytics(client), cancellationToken);
            yield return await DeleteAsync(
                shard,
                keys,
                RedisKeys.Counters(client),
                cancellationToken
            );
        }
    }

    /// <summary>Deletes those keys that have the prefix.</summary>
    private async Task<int> DeleteAsync(
        int shard,
        RedisKey[] found,
        string beginning,
        CancellationToken cancellationToken
    )
    {
        var first = Encoding.UTF8.GetBytes(beginning);
        RedisKey[] keys = [.. found.Where(key => ((byte[])key!).AsSpan().StartsWith(first))];
        return keys is [] ? 0 : await DeleteAsync(shard, keys, cancellationToken);
    }

    private Task<int> DeleteAsync(
        int shard,
        RedisKey[] keys,
        CancellationToken cancellationToken
    ) =>
        connection.AskShardAsync(
            shard,
            async database =>
            {
                if (!connection.IsCluster)
                {
                    return (int)await database.KeyDeleteAsync(keys, CommandFlags.DemandMaster);
                }

                // Each key may be in another slot.
                var deletions = await Task.WhenAll(
                    keys.Select(key => database.KeyDeleteAsync(key, CommandFlags.DemandMaster))
                );
                return deletions.Count(wasThere => wasThere);
            },
            connection.AdministrativeTimeout,
            cancellationToken
        );

    private async Task<bool> TryNoteAsync(
        ClientId client,
        ClientDeletion? before,
        ClientDeletion? after,
        CancellationToken cancellationToken
    ) =>
        (bool)
            await connection.WriteAsync(
                RedisKeys.Deletions,
                database =>
                    Note.EvaluateAsync(
                        database,
                        [RedisKeys.Deletions],
                        [
                            client.Value,
                            Milliseconds(before),
                            Milliseconds(after),
                            after is null ? "" : DeletionDocument.Write(after),
                        ]
                    ),
                cancellationToken
            );

    private static string Milliseconds(ClientDeletion? deletion) =>
        deletion?.NotedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) ?? "";
}
