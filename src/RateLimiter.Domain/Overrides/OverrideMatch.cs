namespace RateLimiter.Domain.Overrides;

/// <summary>How the match of an override is read.</summary>
public static class OverrideMatch
{
    /// <summary>What stands at the beginning or the end of a pattern.</summary>
    public const char Wildcard = '*';

    /// <summary>
    /// How a match is read that does not say so: as a network where a <c>/</c> follows an address, else as a pattern where it has a
    /// <see cref="Wildcard"/>.
    /// </summary>
    public static OverrideMatchType TypeOf(string match) =>
        AddressRange.IsLikeNetwork(match) ? OverrideMatchType.Network
        : match.Contains(Wildcard, StringComparison.Ordinal) ? OverrideMatchType.Pattern
        : OverrideMatchType.Exact;

    /// <summary>Describes what is wrong with a match; null when nothing is.</summary>
    /// <param name="match">The match, which is a name.</param>
    /// <param name="type">How it is read; null to see that by its form.</param>
    public static string? Problem(string match, OverrideMatchType? type) =>
        (type ?? TypeOf(match)) switch
        {
            OverrideMatchType.Pattern when !IsPattern(match) =>
                "must have a single * at its beginning or end, and more than that",
            OverrideMatchType.Network when !AddressRange.IsNetwork(match) =>
                "must be a network such as 192.0.2.0/24 or 2001:db8::/32, without further bits of an address",
            _ => null,
        };

    private static bool IsPattern(string match) =>
        match.Length > 1
        && match.Count(character => character == Wildcard) == 1
        && (match[0] == Wildcard || match[^1] == Wildcard);
}
