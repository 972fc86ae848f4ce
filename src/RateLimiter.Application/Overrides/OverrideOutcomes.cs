using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Overrides;

/// <param name="Override">The override as it is stored.</param>
public sealed record OverrideSaved(Override Override) : PolicyOutcome
{
    internal static OverrideSaved By(OverrideChange change) => new(change.After!);
}

public sealed record OverrideDeleted : PolicyOutcome;

/// <summary>There is no override of this id.</summary>
public sealed record OverrideNotFound : PolicyOutcome;

internal static class OverrideOutcomes
{
    /// <summary>An override of a client; null when there is none of this id, whatever the text is.</summary>
    public static Task<Override?> FindByTextAsync(
        this IPolicyRepository policies,
        ClientId client,
        string id,
        CancellationToken cancellationToken
    ) =>
        id.Length == Override.IdLength && id.All(char.IsAsciiLetterOrDigit)
            ? policies.FindOverrideAsync(client, id, cancellationToken)
            : Task.FromResult<Override?>(null);

    /// <summary>The change of one override alone.</summary>
    public static PolicyChanges Only(OverrideChange change, DateTimeOffset now, Actor actor) =>
        new([], SetVersion: null, now, actor) { Overrides = [change] };
}
