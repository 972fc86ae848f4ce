using System.Text.Json;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Audit;

/// <summary>Converts audit entries to rows and back.</summary>
internal static class AuditRows
{
    public static AuditRow Of(ClientId client, AuditRecord record) =>
        new()
        {
            ClientId = client.Value,
            At = record.At.ToUniversalTime(),
            Action = record.Action.ToName(),
            KeyId = record.Actor.KeyId,
            Address = record.Actor.Address,
            RequestId = record.Actor.RequestId,
            Before = Write(record.Before),
            After = Write(record.After),
        };

    public static AuditEntry ToEntry(this AuditRow row) =>
        new(
            row.Id,
            new AuditRecord(
                AuditActions.TryParse(row.Action, out var action)
                    ? action
                    : throw new FormatException($"There is no action '{row.Action}'."),
                row.At,
                new Actor(row.KeyId, row.Address, row.RequestId),
                Read(row.Before),
                Read(row.After)
            )
        );

    public static string? Write(Audited? audited) =>
        AuditedDocument.From(audited) is { } document
            ? JsonSerializer.Serialize(document, DocumentJson.Default.AuditedDocument)
            : null;

    private static Audited? Read(string? json) =>
        json is null
            ? null
            : JsonSerializer.Deserialize(json, DocumentJson.Default.AuditedDocument)!.ToAudited();
}
