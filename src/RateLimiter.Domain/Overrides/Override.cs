namespace RateLimiter.Domain.Overrides;

/// <summary>What an override does, in the order of precedence.</summary>
public enum OverrideEffect
{
    /// <summary>Denies every check, also under a policy in shadow mode or an inactive one.</summary>
    Blocked,

    /// <summary>Allows every check and counts nothing.</summary>
    Unlimited,

    /// <summary>Changes the permits of limits.</summary>
    Limits,
}

/// <summary>How an override matches the value of its subject, in the order of precedence.</summary>
public enum OverrideMatchType
{
    /// <summary>One value.</summary>
    Exact,

    /// <summary>All values with the beginning before, or the end after, a single <c>*</c>.</summary>
    Pattern,

    /// <summary>All addresses and networks within a network.</summary>
    Network,
}

/// <summary>An override as its owner writes it.</summary>
/// <param name="Subject">The name of the subject: <see cref="Names.UserSubject"/> or one that the owner chose.</param>
/// <param name="Match">Which values of the subject it applies to, 1 to 256 characters.</param>
/// <param name="MatchType">How <paramref name="Match"/> is read.</param>
/// <param name="RouteKey">The requested route that it applies to; null for all.</param>
/// <param name="Role">The requested role that it applies to; null for all.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Limits">
/// The permits of each limit that it changes, by name; only with <see cref="OverrideEffect.Limits"/>, else null.
/// </param>
/// <param name="ExpiresAt">The time from which it does not apply any more, UTC; null for never.</param>
/// <param name="Reason">Free text, at most 500 characters.</param>
public sealed record OverrideDefinition(
    string Subject,
    string Match,
    OverrideMatchType MatchType,
    string? RouteKey,
    string? Role,
    OverrideEffect Effect,
    IReadOnlyDictionary<string, long>? Limits = null,
    DateTimeOffset? ExpiresAt = null,
    string? Reason = null
)
{
    /// <summary>The most limits that one override changes.</summary>
    public const int MaxLimits = 64;

    /// <summary>By what an import recognises an override that is there already.</summary>
    public OverrideKey Key => new(Subject, Match, MatchType, RouteKey, Role, Effect);

    /// <summary>Whether both say the same.</summary>
    public bool IsEquivalentTo(OverrideDefinition other) =>
        this with { Limits = null } == other with { Limits = null }
        && (Limits?.Count ?? 0) == (other.Limits?.Count ?? 0)
        && (Limits ?? new Dictionary<string, long>()).All(limit =>
            other.Limits!.TryGetValue(limit.Key, out var permits) && permits == limit.Value
        );
}

/// <summary>By what an import recognises an override that is there already; several can have the same.</summary>
public readonly record struct OverrideKey(
    string Subject,
    string Match,
    OverrideMatchType MatchType,
    string? RouteKey,
    string? Role,
    OverrideEffect Effect
);

/// <summary>An override as it is stored.</summary>
/// <param name="Id">Its id: <see cref="IdLength"/> letters and digits.</param>
/// <param name="Definition">What its owner wrote.</param>
/// <param name="Version">1 when created, increased by one with every change.</param>
/// <param name="CreatedAt">When it was created, UTC. Of two overrides the later one is newer.</param>
/// <param name="UpdatedAt">When this version was saved, UTC.</param>
/// <param name="UpdatedBy">The public id of the key that this version was saved with.</param>
public sealed record Override(
    string Id,
    OverrideDefinition Definition,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? UpdatedBy
) : IComparable<Override>
{
    public const int IdLength = 16;

    // By which one match is longer than another: characters of a value or a pattern, leading bits of a network.
    private readonly int length =
        Definition.MatchType == OverrideMatchType.Network
        && AddressRange.TryParse(Definition.Match, out var network)
            ? network.Length
            : Names.CodePoints(Definition.Match);

    // Not to be replaced in a copy: the length is its own.
    public OverrideDefinition Definition { get; } = Definition;

    /// <summary>What it does.</summary>
    public OverrideEffect Effect => Definition.Effect;

    /// <summary>Whether it applies at a time.</summary>
    public bool AppliesAt(DateTimeOffset now) => Definition.ExpiresAt is not { } end || now < end;

    /// <summary>
    /// The time until it ends, which is 0 when it has ended since it was found; null when it does not end.
    /// </summary>
    public TimeSpan? EndsIn(DateTimeOffset now) =>
        Definition.ExpiresAt is not { } end ? null
        : AppliesAt(now) ? end - now
        : TimeSpan.Zero;

    /// <summary>Whether both are the same version of the same override.</summary>
    public static bool AreSame(Override? left, Override? right) =>
        ReferenceEquals(left, right)
        || left is not null
            && right is not null
            && left.Version == right.Version
            && left.Id == right.Id;

    /// <summary>By precedence: of overrides that apply to the same check, the first decides.</summary>
    public int CompareTo(Override? other)
    {
        if (other is null)
        {
            return -1;
        }

        var (mine, its) = (Definition, other.Definition);
        var order = mine.Effect.CompareTo(its.Effect);
        order = order != 0 ? order : mine.MatchType.CompareTo(its.MatchType);
        order = order != 0 ? order : other.length.CompareTo(length);
        order = order != 0 ? order : (mine.RouteKey is null).CompareTo(its.RouteKey is null);
        order = order != 0 ? order : (mine.Role is null).CompareTo(its.Role is null);
        order = order != 0 ? order : other.CreatedAt.CompareTo(CreatedAt);
        return order != 0 ? order : string.CompareOrdinal(other.Id, Id);
    }

    public static bool operator <(Override left, Override right) => left.CompareTo(right) < 0;

    public static bool operator >(Override left, Override right) => left.CompareTo(right) > 0;

    public static bool operator <=(Override left, Override right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Override left, Override right) => left.CompareTo(right) >= 0;
}
