using System.Globalization;
using System.Text.Json;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>
/// The value of a field of the deletions hash, without the time when it was noted, which precedes it.
/// </summary>
internal sealed record DeletionDocument(DeletionSummary Deleted, Actor Actor)
{
    public static string Write(ClientDeletion deletion) =>
        JsonSerializer.Serialize(
            new DeletionDocument(deletion.Deleted, deletion.Actor),
            DocumentJson.Default.DeletionDocument
        );

    public static ClientDeletion Read(string client, string value)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        var document = JsonSerializer.Deserialize(
            value.AsSpan(space + 1),
            DocumentJson.Default.DeletionDocument
        )!;
        return new ClientDeletion(
            new ClientId(client),
            DateTimeOffset.FromUnixTimeMilliseconds(
                long.Parse(value.AsSpan(0, space), CultureInfo.InvariantCulture)
            ),
            document.Deleted,
            document.Actor
        );
    }
}
