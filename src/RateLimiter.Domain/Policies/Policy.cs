namespace RateLimiter.Domain.Policies;

/// <summary>A policy as its owner writes it.</summary>
/// <param name="Key">The route and role it is for.</param>
/// <param name="Limits">At least one. A check must pass them all.</param>
/// <param name="Description">Free text, at most 500 characters.</param>
/// <param name="IsActive">Whether it limits at all: an inactive policy allows everything and counts nothing.</param>
public sealed record PolicyDefinition(
    PolicyKey Key,
    IReadOnlyList<Limit> Limits,
    string? Description,
    bool IsActive
);

/// <summary>A policy as it is kept.</summary>
/// <param name="Definition">What its owner wrote.</param>
/// <param name="Version">1 when made, one more with every save.</param>
/// <param name="CreatedAt">When its first version was saved, UTC.</param>
/// <param name="UpdatedAt">When this version was saved, UTC.</param>
public sealed record Policy(
    PolicyDefinition Definition,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt
)
{
    public PolicyKey Key => Definition.Key;

    public IReadOnlyList<Limit> Limits => Definition.Limits;

    public static Policy Create(PolicyDefinition definition, DateTimeOffset now) =>
        new(definition, 1, now, now);

    /// <summary>
    /// The next version. What was used under the old one still counts under a limit of the same name, algorithm and
    /// window; every other limit starts afresh.
    /// </summary>
    public Policy Revise(PolicyDefinition definition, DateTimeOffset now) =>
        new(
            definition with
            {
                Limits = [.. definition.Limits.Select(limit => limit.Continue(Limits))],
            },
            Version + 1,
            CreatedAt,
            now
        );
}
