using System.Globalization;
using Microsoft.EntityFrameworkCore;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>
/// What a check needs to know about a client, as it is recorded in the database and projected to the store.
/// </summary>
/// <param name="Client">Its row.</param>
/// <param name="Keys">SHA-256 in hexadecimal, and what is known about the key as JSON.</param>
/// <param name="Policies">Every policy, without the deleted ones.</param>
internal sealed record ClientRecord(
    ClientRow Client,
    IReadOnlyList<(string Hash, string Document)> Keys,
    IReadOnlyList<PolicyRow> Policies
)
{
    public ClientId Id => new(Client.Id);

    public IReadOnlyList<OverrideRow> Overrides { get; init; } = [];

    /// <summary>Reads a consistent snapshot of a client; null when there is no such client.</summary>
    public static async Task<ClientRecord?> FindAsync(
        SystemOfRecordContext context,
        ClientId client,
        Deadline deadline
    )
    {
        var id = client.Value;
        await using var snapshot = await PostgresDatabase.BeginSnapshotAsync(context, deadline);
        if (
            await context
                .Clients.AsNoTracking()
                .SingleOrDefaultAsync(row => row.Id == id, deadline.Token)
            is not { } found
        )
        {
            return null;
        }

        var keys = await context
            .Keys.AsNoTracking()
            .Where(row => row.ClientId == id)
            .ToListAsync(deadline.Token);
        var policies = await context
            .Policies.AsNoTracking()
            .Where(row => row.ClientId == id && row.Document != null)
            .ToListAsync(deadline.Token);
        var overrides = await context
            .Overrides.AsNoTracking()
            .Where(row => row.ClientId == id)
            .ToListAsync(deadline.Token);
        return new ClientRecord(
            found,
            [.. keys.Select(row => (Convert.ToHexStringLower(row.Hash), row.Document))],
            policies
        )
        {
            Overrides = overrides,
        };
    }

    /// <summary>The policies and overrides in the store's format, by their fields.</summary>
    public IReadOnlyList<KeyValuePair<string, RedisValue>> ToFields() =>
        [
            .. Policies.Select(row =>
                KeyValuePair.Create(
                    (string)RedisKeys.PolicyField(new(row.RouteKey, row.Role))!,
                    (RedisValue)ValueOf(row.Version, row.Document!)
                )
            ),
            .. Overrides.Select(row =>
                KeyValuePair.Create(
                    (string)RedisKeys.OverrideField(row.Id)!,
                    (RedisValue)ValueOf(row.Version, row.Document)
                )
            ),
        ];

    public ClientSnapshot ToSnapshot() =>
        new(
            Id,
            Client.Version,
            new KeyRing(Keys.Select(key => ApiKeyDocument.Read(key.Hash, key.Document))),
            new PolicyTable(Policies.Select(row => PolicyDocument.Read(row.Document, row.Version)))
        )
        {
            Overrides = new OverrideTable(
                Overrides.Select(row => OverrideDocument.Read(row.Document, row.Version))
            ),
            PoliciesVersion = Client.PoliciesVersion,
        };

    /// <summary>A policy or override in the store's format.</summary>
    public static string ValueOf(long version, string document) =>
        string.Create(CultureInfo.InvariantCulture, $"{version} {document}");
}

/// <summary>A change of a client that was just recorded.</summary>
/// <param name="Client">Its row after the change.</param>
/// <param name="OutboxEntry">The outbox entry of the change, which may not be projected yet.</param>
internal sealed record RecordedChange(ClientRow Client, long OutboxEntry)
{
    /// <summary>SHA-256 of each removed key, in hexadecimal.</summary>
    public IReadOnlyList<string> KeysGone { get; init; } = [];

    /// <summary>As <see cref="ClientRecord.Keys"/>, for added and changed keys.</summary>
    public IReadOnlyList<(string Hash, string Document)> KeysSaved { get; init; } = [];

    /// <summary>The fields of policies and overrides, as the store names them.</summary>
    public IReadOnlyList<string> PoliciesGone { get; init; } = [];

    /// <summary>As <see cref="ClientRecord.ToFields"/>, for added and changed policies and overrides.</summary>
    public IReadOnlyList<KeyValuePair<string, RedisValue>> PoliciesSaved { get; init; } = [];
}
