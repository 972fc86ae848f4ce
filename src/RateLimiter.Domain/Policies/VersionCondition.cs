namespace RateLimiter.Domain.Policies;

/// <summary>
/// What must hold of a version for a change to be made, so that nobody overwrites what he has not seen.
/// </summary>
public abstract record VersionCondition
{
    private VersionCondition() { }

    /// <summary>Nothing must.</summary>
    public static VersionCondition None { get; } = new Anything();

    /// <param name="version">The version that is there; null when nothing is there.</param>
    public abstract bool Holds(long? version);

    /// <summary>Something must be there.</summary>
    public sealed record Exists : VersionCondition
    {
        public override bool Holds(long? version) => version is not null;
    }

    /// <summary>Nothing must be there.</summary>
    public sealed record Missing : VersionCondition
    {
        public override bool Holds(long? version) => version is null;
    }

    /// <summary>One of these versions must be there.</summary>
    public sealed record OneOf(IReadOnlyCollection<long> Versions) : VersionCondition
    {
        public override bool Holds(long? version) =>
            version is { } known && Versions.Contains(known);
    }

    private sealed record Anything : VersionCondition
    {
        public override bool Holds(long? version) => true;
    }
}
