namespace RateLimiter.Domain.Overrides;

/// <summary>
/// The overrides of one client, and the rule that selects one of them. Immutable: a change returns a new table.
/// </summary>
public sealed class OverrideTable
{
    private readonly Dictionary<string, Override> overrides;

    // Made with the first check: a client can have many, and one that is loaded for a change needs none.
    private (string Subject, OverrideIndex Index)[]? indexes;

    public OverrideTable(IEnumerable<Override> overrides)
        : this(overrides.ToDictionary(it => it.Id)) { }

    private OverrideTable(Dictionary<string, Override> overrides) => this.overrides = overrides;

    /// <summary>No override.</summary>
    public static OverrideTable Empty { get; } = new(Array.Empty<Override>());

    /// <summary>In no particular order.</summary>
    public IReadOnlyCollection<Override> Overrides => overrides.Values;

    /// <summary>The override that decides a check; null when none applies.</summary>
    /// <param name="query">The check.</param>
    /// <param name="time">The clock by which overrides end.</param>
    public Override? Find(in OverrideQuery query, TimeProvider time)
    {
        if (overrides.Count == 0)
        {
            return null;
        }

        Override? first = null;
        // Two threads may make the same indexes at once; either serves.
        foreach (var (subject, index) in indexes ??= CreateIndexes())
        {
            if (query.Find(subject) is { } value)
            {
                index.Find(value, query, time, ref first);
            }
        }

        return first;
    }

    /// <summary>All overrides that match, also those that have ended, by precedence. Looks at every override.</summary>
    public IReadOnlyList<Override> List(OverrideQuery query) =>
        [.. overrides.Values.Where(it => Matches(it.Definition, query)).Order()];

    /// <summary>This table with the given overrides, whatever their versions; null removes one.</summary>
    public OverrideTable With(IEnumerable<(string Id, Override? Override)> changed)
    {
        var table = new Dictionary<string, Override>(overrides);
        foreach (var (id, it) in changed)
        {
            if (it is null)
            {
                table.Remove(id);
            }
            else
            {
                table[id] = it;
            }
        }

        return new OverrideTable(table);
    }

    /// <summary>This table after some changes. A change is skipped when the table has its version or a newer one.</summary>
    public OverrideTable With(IEnumerable<OverrideChange> changes) =>
        With(
            changes
                .Where(change =>
                    !overrides.TryGetValue(change.Id, out var known)
                    || known.Version < change.Version
                )
                .Select(change => (change.Id, change.After))
        );

    private static bool Matches(OverrideDefinition it, OverrideQuery query)
    {
        if (
            (it.RouteKey is not null && it.RouteKey != query.RouteKey)
            || (it.Role is not null && it.Role != query.Role)
            || query.Find(it.Subject) is not { } value
        )
        {
            return false;
        }

        return it.MatchType switch
        {
            OverrideMatchType.Exact => value == it.Match,
            OverrideMatchType.Pattern => it.Match[0] == OverrideMatch.Wildcard
                ? value.EndsWith(it.Match[1..], StringComparison.Ordinal)
                : value.StartsWith(it.Match[..^1], StringComparison.Ordinal),
            _ => AddressRange.TryParse(it.Match, out var network)
                && AddressRange.TryParse(value, out var range)
                && range.Length >= network.Length
                && range.Widen(network.Length) == network,
        };
    }

    private (string Subject, OverrideIndex Index)[] CreateIndexes() =>
        [
            .. overrides
                .Values.GroupBy(it => it.Definition.Subject)
                .Select(group => (group.Key, new OverrideIndex(group))),
        ];
}
