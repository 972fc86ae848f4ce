using System.Diagnostics;
using System.Text.Json;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>The JSON of an audit entry.</summary>
internal sealed record AuditDocument(
    string Action,
    DateTimeOffset At,
    string? KeyId,
    string Address,
    string RequestId,
    AuditedDocument? Before,
    AuditedDocument? After
)
{
    public static string Write(AuditRecord record) =>
        JsonSerializer.Serialize(
            new AuditDocument(
                record.Action.ToName(),
                record.At,
                record.Actor.KeyId,
                record.Actor.Address,
                record.Actor.RequestId,
                AuditedDocument.From(record.Before),
                AuditedDocument.From(record.After)
            ),
            DocumentJson.Default.AuditDocument
        );

    /// <summary>An entry as the Redis scripts expect it: the values that they filter by precede the document.</summary>
    public static string WriteEntry(AuditRecord record) =>
        $"{record.At.ToUnixTimeMilliseconds()} {record.Action.ToName()} {Write(record)}";

    /// <summary>
    /// The same for a change of a policy or an override. The script adds that, so that it need not be sent twice.
    /// </summary>
    public static string WriteEntryWithoutPolicy(AuditRecord record) =>
        WriteEntry(record with { Before = null, After = null });

    public static AuditRecord Read(ReadOnlySpan<char> json)
    {
        var document = JsonSerializer.Deserialize(json, DocumentJson.Default.AuditDocument)!;
        return new AuditRecord(
            AuditActions.TryParse(document.Action, out var action)
                ? action
                : throw new FormatException($"There is no action '{document.Action}'."),
            document.At,
            new Actor(document.KeyId, document.Address, document.RequestId),
            document.Before?.ToAudited(),
            document.After?.ToAudited()
        );
    }
}

/// <summary>
/// Exactly one of the four; a policy and an override with its version. For a key, neither its hash nor its lifetime.
/// </summary>
internal sealed record AuditedDocument(
    string? Client = null,
    ApiKeyDocument? Key = null,
    long Version = 0,
    PolicyDocument? Policy = null,
    OverrideDocument? Override = null
)
{
    public static AuditedDocument? From(Audited? audited) =>
        audited switch
        {
            AuditedClient client => new(Client: client.Name),
            AuditedKey key => new(
                Key: new ApiKeyDocument(
                    key.Id,
                    key.Prefix,
                    key.Name,
                    key.Scopes.ToNames(),
                    key.CreatedAt,
                    LifetimeSeconds: null,
                    key.ExpiresAt
                )
            ),
            AuditedPolicy { Policy: var policy } => new(
                Version: policy.Version,
                Policy: PolicyDocument.From(policy)
            ),
            AuditedOverride { Override: var it } => new(
                Version: it.Version,
                Override: OverrideDocument.From(it)
            ),
            null => null,
            _ => throw new UnreachableException($"{audited} has no document."),
        };

    public Audited ToAudited() =>
        this switch
        {
            { Policy: { } policy } => new AuditedPolicy(policy.ToPolicy(Version)),
            { Override: { } it } => new AuditedOverride(it.ToOverride(Version)),
            { Key: { } key } => new AuditedKey(
                key.Id,
                key.Prefix,
                key.Name,
                key.ToScopes(),
                key.CreatedAt,
                key.ExpiresAt
            ),
            _ => new AuditedClient(Client!),
        };
}
