using System.Security.Cryptography;

namespace RateLimiter.Domain.Overrides;

/// <summary>One override, before and after.</summary>
/// <param name="Before">The override before the change; null for a creation.</param>
/// <param name="After">The override after the change; null for a deletion.</param>
public sealed record OverrideChange(Override? Before, Override? After)
{
    public string Id => (After ?? Before)!.Id;

    /// <summary>The kind of the change in the audit trail.</summary>
    public AuditAction Action =>
        Before is null ? AuditAction.OverrideCreated
        : After is null ? AuditAction.OverrideDeleted
        : AuditAction.OverrideUpdated;

    /// <summary>The version before the change; 0 for a creation.</summary>
    public long BaseVersion => Before?.Version ?? 0;

    /// <summary>The number of the version that the change creates, also for a deletion.</summary>
    public long Version => BaseVersion + 1;

    /// <summary>The change that creates an override.</summary>
    public static OverrideChange Create(
        OverrideDefinition definition,
        DateTimeOffset now,
        Actor actor
    ) =>
        new(
            Before: null,
            new Override(
                RandomNumberGenerator.GetString(ClientId.Alphabet, Override.IdLength),
                definition,
                Version: 1,
                now,
                now,
                actor.KeyId
            )
        );

    /// <summary>The change that replaces what an override says.</summary>
    public static OverrideChange Update(
        Override before,
        OverrideDefinition definition,
        DateTimeOffset now,
        Actor actor
    ) =>
        new(
            before,
            new Override(
                before.Id,
                definition,
                before.Version + 1,
                before.CreatedAt,
                now,
                actor.KeyId
            )
        );

    /// <summary>The changes that make a client's overrides those of a document.</summary>
    /// <param name="known">The overrides that are there.</param>
    /// <param name="wanted">
    /// Those of the document. Each is recognised by its <see cref="OverrideDefinition.Key"/>, once each; those that say the
    /// same first, then the oldest.
    /// </param>
    /// <param name="deleteOthers">Whether those that no wanted one is recognised as are deleted.</param>
    /// <param name="now">The time.</param>
    /// <param name="actor">Who makes the changes.</param>
    public static IReadOnlyList<OverrideChange> Import(
        IEnumerable<Override> known,
        IReadOnlyList<OverrideDefinition> wanted,
        bool deleteOthers,
        DateTimeOffset now,
        Actor actor
    )
    {
        var rest = known
            .OrderBy(it => it.CreatedAt)
            .ThenBy(it => it.Id, StringComparer.Ordinal)
            .GroupBy(it => it.Definition.Key)
            .ToDictionary(group => group.Key, group => group.ToList());
        var different = wanted
            .Where(it =>
            {
                var same = rest.GetValueOrDefault(it.Key, []);
                var index = same.FindIndex(other => other.Definition.IsEquivalentTo(it));
                if (index >= 0)
                {
                    same.RemoveAt(index);
                }

                return index < 0;
            })
            .ToList();
        var changes = new List<OverrideChange>();
        foreach (var it in different)
        {
            if (rest.GetValueOrDefault(it.Key, []) is [var first, ..] same)
            {
                same.RemoveAt(0);
                changes.Add(Update(first, it, now, actor));
            }
            else
            {
                // A later one of the document is newer.
                changes.Add(Create(it, now.AddTicks(changes.Count), actor));
            }
        }

        return deleteOthers
            ?
            [
                .. changes,
                .. rest.Values.SelectMany(left => left).Select(it => new OverrideChange(it, null)),
            ]
            : changes;
    }
}
