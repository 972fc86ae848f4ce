using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>The names of what a lease of the service knows, beside <see cref="MetadataName.RetryAfter"/>.</summary>
public static class ServiceMetadata
{
    /// <summary>The decision of the service; a lease that was given or refused without one has none.</summary>
    public static MetadataName<RateLimitDecision> Decision { get; } =
        MetadataName.Create<RateLimitDecision>("RATELIMITER_DECISION");

    /// <summary>Why there is no decision.</summary>
    public static MetadataName<Exception> Failure { get; } =
        MetadataName.Create<Exception>("RATELIMITER_FAILURE");

    /// <summary>
    /// True when the lease was refused although no limit was reached: the service is away or refuses to decide, and the limiter
    /// fails closed; or its store is away, and the policy does. To be answered with 503, and not with 429. A lease that was
    /// given, or refused by a limit, has none.
    /// </summary>
    public static MetadataName<bool> IsUnavailable { get; } =
        MetadataName.Create<bool>("RATELIMITER_UNAVAILABLE");
}

/// <summary>What the service said. Disposing of it gives nothing back: the request was made.</summary>
internal sealed class ServiceLease : RateLimitLease
{
    /// <summary>Nobody has been asked.</summary>
    public static readonly ServiceLease NotAsked = new(false, null, null);

    /// <summary>When to come again where nobody knows: most outages are over at once.</summary>
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(1);

    private readonly RateLimitDecision? decision;
    private readonly Exception? failure;

    private ServiceLease(bool isAcquired, RateLimitDecision? decision, Exception? failure)
    {
        IsAcquired = isAcquired;
        this.decision = decision;
        this.failure = failure;
    }

    public override bool IsAcquired { get; }

    private bool IsUnavailable =>
        !IsAcquired && (failure is not null || decision is { IsFailClosed: true });

    private TimeSpan? RetryAfter => decision?.RetryAfter ?? (IsUnavailable ? Later : null);

    public override IEnumerable<string> MetadataNames
    {
        get
        {
            if (decision is not null)
            {
                yield return ServiceMetadata.Decision.Name;
            }

            if (RetryAfter is not null)
            {
                yield return MetadataName.RetryAfter.Name;
            }

            if (failure is not null)
            {
                yield return ServiceMetadata.Failure.Name;
            }

            if (IsUnavailable)
            {
                yield return ServiceMetadata.IsUnavailable.Name;
            }
        }
    }

    public static ServiceLease Of(RateLimitDecision decision, bool isAcquired) =>
        new(isAcquired, decision, null);

    public static ServiceLease Without(FailureMode mode, Exception failure) =>
        new(mode == FailureMode.Allow, null, failure);

    public override bool TryGetMetadata(
        string metadataName,
        [NotNullWhen(true)] out object? metadata
    )
    {
        metadata =
            metadataName == ServiceMetadata.Decision.Name ? decision
            : metadataName == MetadataName.RetryAfter.Name ? RetryAfter
            : metadataName == ServiceMetadata.Failure.Name ? failure
            : metadataName == ServiceMetadata.IsUnavailable.Name && IsUnavailable ? true
            : null;
        return metadata is not null;
    }
}
