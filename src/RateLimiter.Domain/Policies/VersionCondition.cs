namespace RateLimiter.Domain.Policies;

/// <summary>
/// A condition on the current version under which a change is made, so that a caller does not overwrite a version that they
/// have not seen (optimistic concurrency).
/// </summary>
public abstract record VersionCondition
{
    private VersionCondition() { }

    /// <summary>No condition.</summary>
    public static VersionCondition None { get; } = new Anything();

    /// <param name="version">The current version; null when there is none.</param>
    public abstract bool Holds(long? version);

    /// <summary>A version must exist.</summary>
    public sealed record Exists : VersionCondition
    {
        public override bool Holds(long? version) => version is not null;
    }

    /// <summary>No version must exist.</summary>
    public sealed record Missing : VersionCondition
    {
        public override bool Holds(long? version) => version is null;
    }

    /// <summary>The current version must be one of these.</summary>
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
