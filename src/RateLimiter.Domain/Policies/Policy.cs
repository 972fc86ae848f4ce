namespace RateLimiter.Domain.Policies;

/// <summary>What a policy does with a check that its limits deny.</summary>
public enum PolicyMode
{
    /// <summary>Denies it.</summary>
    Enforce,

    /// <summary>Allows it and says that it would have been denied: for trying a policy out.</summary>
    Shadow,
}

/// <summary>What a policy answers while the store does not.</summary>
public enum StoreFailureMode
{
    /// <summary>Denies everything.</summary>
    Deny,

    /// <summary>Allows everything.</summary>
    Allow,

    /// <summary>Each instance counts by itself, in its memory, from nothing: together they allow as many times the limit.</summary>
    Local,
}

/// <summary>A policy as its owner writes it.</summary>
/// <param name="Key">The route and role it is for.</param>
/// <param name="Limits">1 to <see cref="MaxLimits"/>, each with a name of its own. A check must pass them all.</param>
/// <param name="Description">Free text, at most 500 characters.</param>
/// <param name="IsActive">Whether it limits at all: an inactive policy allows everything and counts nothing.</param>
/// <param name="Mode">What it does with a check that its limits deny.</param>
/// <param name="OnStoreFailure">What it answers while the store does not; null leaves it to the service.</param>
public sealed record PolicyDefinition(
    PolicyKey Key,
    IReadOnlyList<Limit> Limits,
    string? Description,
    bool IsActive,
    PolicyMode Mode,
    StoreFailureMode? OnStoreFailure = null
)
{
    public const int MaxLimits = 8;

    /// <summary>The same with counters of its own: what was used under it once does not count any more.</summary>
    public PolicyDefinition WithNewEpoch() =>
        this with
        {
            Limits = [.. Limits.Select(limit => limit.WithNewEpoch())],
        };

    /// <summary>Whether it says the same, whichever counters it has.</summary>
    public bool IsEquivalentTo(PolicyDefinition other) =>
        this with { Limits = [] } == other with { Limits = [] }
        && Limits.Count == other.Limits.Count
        && Limits.Zip(other.Limits).All(pair => pair.First.IsEquivalentTo(pair.Second));
}

/// <summary>A policy as it is kept.</summary>
/// <param name="Definition">What its owner wrote.</param>
/// <param name="Version">1 when made, one more with every save.</param>
/// <param name="CreatedAt">When its first version was saved, UTC.</param>
/// <param name="UpdatedAt">When this version was saved, UTC.</param>
/// <param name="UpdatedBy">The public name of the key that it was saved with; null when that is not known.</param>
public sealed record Policy(
    PolicyDefinition Definition,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? UpdatedBy = null
)
{
    public PolicyKey Key => Definition.Key;

    public IReadOnlyList<Limit> Limits => Definition.Limits;

    /// <param name="definition">What its owner wrote.</param>
    /// <param name="now">The time.</param>
    /// <param name="by">The public name of the key that it is made with.</param>
    /// <param name="version">The number after that of the last version of an earlier policy for the same.</param>
    public static Policy Create(
        PolicyDefinition definition,
        DateTimeOffset now,
        string? by = null,
        long version = 1
    ) => new(definition, version, now, now, by);

    /// <summary>A policy of the service itself, which no client has.</summary>
    public static Policy OfService(params IReadOnlyList<Limit> limits) =>
        Create(
            new PolicyDefinition(
                PolicyKey.CatchAll,
                limits,
                Description: null,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch
        );

    /// <summary>One of the service itself with a limit of every algorithm: for what is to run once before it is needed.</summary>
    public static Policy OfEveryAlgorithm(long permits) =>
        OfService([
            .. Enum.GetValues<Algorithm>()
                .Select(algorithm => new Limit(
                    $"{algorithm}",
                    algorithm,
                    permits,
                    TimeSpan.FromSeconds(1),
                    permits
                )),
        ]);

    /// <summary>
    /// The next version. What was used under the old one still counts under a limit of the same name, algorithm and
    /// window (a bucket's window may change); every other limit starts afresh.
    /// </summary>
    public Policy Revise(PolicyDefinition definition, DateTimeOffset now, string? by = null) =>
        new(
            definition with
            {
                Limits = [.. definition.Limits.Select(limit => limit.Continue(Limits))],
            },
            Version + 1,
            CreatedAt,
            now,
            by
        );
}
