using System.Globalization;
using RateLimiter.Application.Audit;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Audit;

/// <summary>
/// The scripts that make a change also append to the trail. The trail is searched page by page, so that a filter which
/// matches little does not delay other requests.
/// </summary>
internal sealed class RedisAuditRepository(RedisConnection connection, ImportJournal journal)
    : IAuditRepository
{
    /// <summary>The number of entries that the store examines in one step: about a millisecond's work.</summary>
    internal const int PageSize = 500;

    private static readonly RedisScript List = RedisScript.Load("list_audit");

    public async Task<IReadOnlyList<AuditEntry>> ListAsync(
        ClientId client,
        AuditFilter filter,
        long? before,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await journal.FinishAsync(client, cancellationToken);
        var entries = new List<AuditEntry>();
        var next = before;
        do
        {
            var reply = await ListPageAsync(
                client,
                filter,
                next,
                limit - entries.Count,
                cancellationToken
            );
            // The store compares only whole milliseconds.
            entries.AddRange(
                reply.Skip(1).Chunk(4).Select(Parse).Where(entry => filter.Includes(entry.Record))
            );
            next = (long)reply[0];
        } while (next > 0 && entries.Count < limit);

        return entries;
    }

    private static AuditEntry Parse(RedisResult[] entry)
    {
        var text = (string)entry[1]!;
        var record = AuditDocument.Read(text.AsSpan(text.IndexOf('{', StringComparison.Ordinal)));
        return new AuditEntry(
            (long)entry[0],
            record with
            {
                Before = ParseStored(record.Action, (string)entry[2]!) ?? record.Before,
                After = ParseStored(record.Action, (string)entry[3]!) ?? record.After,
            }
        );
    }

    // What the hash of policies held.
    private static Audited? ParseStored(AuditAction action, string value) =>
        value is "" ? null
        : action
            is AuditAction.OverrideCreated
                or AuditAction.OverrideUpdated
                or AuditAction.OverrideDeleted
            ? new AuditedOverride(OverrideDocument.Parse(value))
        : new AuditedPolicy(PolicyDocument.Parse(value));

    private async Task<RedisResult[]> ListPageAsync(
        ClientId client,
        AuditFilter filter,
        long? before,
        int limit,
        CancellationToken cancellationToken
    ) =>
        (RedisResult[])
            (
                await connection.AskAsync(
                    RedisKeys.Client(client),
                    database =>
                        List.EvaluateAsync(
                            database,
                            [RedisKeys.Client(client), RedisKeys.Audit(client)],
                            [
                                Text(before),
                                PageSize,
                                limit,
                                Text(Milliseconds(filter.From)),
                                Text(Milliseconds(filter.To)),
                                filter.Action?.ToName() ?? "",
                            ]
                        ),
                    connection.AdministrativeTimeout,
                    cancellationToken
                )
            )!;

    private static long? Milliseconds(DateTimeOffset? moment) => moment?.ToUnixTimeMilliseconds();

    private static string Text(long? number) =>
        number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
