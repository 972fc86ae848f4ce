namespace RateLimiter.Domain.Overrides;

/// <summary>
/// Finds the overrides of one subject that match a value, in a time that does not depend on their number: values and patterns
/// in dictionaries, those of patterns and networks by their length.
/// </summary>
internal sealed class OverrideIndex
{
    private readonly Dictionary<string, Group> exact;
    private readonly Affixes prefixes;
    private readonly Affixes suffixes;
    private readonly Dictionary<AddressRange, Group> networks;
    private readonly (bool IsIPv4, int Length)[] networkLengths;

    public OverrideIndex(IEnumerable<Override> overrides)
    {
        var types = overrides.ToLookup(it => it.Definition.MatchType);
        exact = Group.By(types[OverrideMatchType.Exact], it => it.Definition.Match);
        var ends = types[OverrideMatchType.Pattern]
            .ToLookup(it => it.Definition.Match[0] == OverrideMatch.Wildcard);
        prefixes = new Affixes(Group.By(ends[false], it => it.Definition.Match[..^1]));
        suffixes = new Affixes(Group.By(ends[true], it => it.Definition.Match[1..]));
        networks = Group.By(
            types[OverrideMatchType.Network],
            it => AddressRange.TryParse(it.Definition.Match, out var network) ? network : default
        );
        networkLengths =
        [
            .. networks.Keys.Select(network => (network.IsIPv4, network.Length)).Distinct(),
        ];
    }

    /// <summary>Compares the overrides that match a value with the first one so far.</summary>
    /// <param name="value">The value of the subject.</param>
    /// <param name="query">The check.</param>
    /// <param name="time">The clock by which overrides end.</param>
    /// <param name="first">The first override by precedence; replaced by one that comes before it.</param>
    public void Find(string value, in OverrideQuery query, TimeProvider time, ref Override? first)
    {
        if (exact.TryGetValue(value, out var group))
        {
            group.Find(query, time, ref first);
        }

        foreach (var length in prefixes.Lengths)
        {
            if (
                length <= value.Length
                && prefixes.Groups.TryGetValue(value.AsSpan(0, length), out group)
            )
            {
                group.Find(query, time, ref first);
            }
        }

        foreach (var length in suffixes.Lengths)
        {
            if (
                length <= value.Length
                && suffixes.Groups.TryGetValue(value.AsSpan(value.Length - length), out group)
            )
            {
                group.Find(query, time, ref first);
            }
        }

        if (networkLengths is [] || !AddressRange.TryParse(value, out var range))
        {
            return;
        }

        foreach (var (isIPv4, length) in networkLengths)
        {
            if (
                isIPv4 == range.IsIPv4
                && length <= range.Length
                && networks.TryGetValue(range.Widen(length), out group)
            )
            {
                group.Find(query, time, ref first);
            }
        }
    }

    /// <summary>Beginnings or ends of values.</summary>
    private readonly struct Affixes(Dictionary<string, Group> groups)
    {
        public Dictionary<string, Group>.AlternateLookup<ReadOnlySpan<char>> Groups { get; } =
            groups.GetAlternateLookup<ReadOnlySpan<char>>();

        public int[] Lengths { get; } = [.. groups.Keys.Select(affix => affix.Length).Distinct()];
    }

    /// <summary>The overrides with the same match.</summary>
    private sealed class Group
    {
        // Most matches have one override.
        private readonly Override? only;
        private readonly Dictionary<(string? Route, string? Role), Override[]>? several;

        private Group(IReadOnlyList<Override> overrides)
        {
            if (overrides is [var single])
            {
                only = single;
                return;
            }

            several = overrides
                .GroupBy(it => (it.Definition.RouteKey, it.Definition.Role))
                .ToDictionary(group => group.Key, group => group.Order().ToArray());
        }

        public static Dictionary<TKey, Group> By<TKey>(
            IEnumerable<Override> overrides,
            Func<Override, TKey> key
        )
            where TKey : notnull =>
            overrides.GroupBy(key).ToDictionary(group => group.Key, group => new Group([.. group]));

        public void Find(in OverrideQuery query, TimeProvider time, ref Override? first)
        {
            if (several is null)
            {
                var it = only!.Definition;
                if (
                    (it.RouteKey is null || it.RouteKey == query.RouteKey)
                    && (it.Role is null || it.Role == query.Role)
                )
                {
                    TryPut(only, time, ref first);
                }

                return;
            }

            Find((query.RouteKey, query.Role), time, ref first);
            Find((query.RouteKey, null), time, ref first);
            Find((null, query.Role), time, ref first);
            Find((null, null), time, ref first);
        }

        private void Find((string?, string?) scope, TimeProvider time, ref Override? first)
        {
            foreach (var it in several!.GetValueOrDefault(scope, []))
            {
                if (TryPut(it, time, ref first))
                {
                    return;
                }
            }
        }

        /// <returns>Whether the override has not ended, so that none after it need be compared.</returns>
        private static bool TryPut(Override it, TimeProvider time, ref Override? first)
        {
            if (it.Definition.ExpiresAt is not null && !it.AppliesAt(time.GetUtcNow()))
            {
                return false;
            }

            if (first is null || it < first)
            {
                first = it;
            }

            return true;
        }
    }
}
