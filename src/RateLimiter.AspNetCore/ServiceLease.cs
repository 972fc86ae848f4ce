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
}

/// <summary>What the service said. Disposing of it gives nothing back: the request was made.</summary>
internal sealed class ServiceLease : RateLimitLease
{
    /// <summary>Nobody has been asked.</summary>
    public static readonly ServiceLease NotAsked = new(false, null, null);

    private readonly RateLimitDecision? decision;
    private readonly Exception? failure;

    private ServiceLease(bool isAcquired, RateLimitDecision? decision, Exception? failure)
    {
        IsAcquired = isAcquired;
        this.decision = decision;
        this.failure = failure;
    }

    public override bool IsAcquired { get; }

    public override IEnumerable<string> MetadataNames
    {
        get
        {
            if (decision is not null)
            {
                yield return ServiceMetadata.Decision.Name;
            }

            if (decision?.RetryAfter is not null)
            {
                yield return MetadataName.RetryAfter.Name;
            }

            if (failure is not null)
            {
                yield return ServiceMetadata.Failure.Name;
            }
        }
    }

    public static ServiceLease Of(RateLimitDecision decision) =>
        new(decision.Allowed, decision, null);

    public static ServiceLease Without(FailureMode mode, Exception failure) =>
        new(mode == FailureMode.Allow, null, failure);

    public override bool TryGetMetadata(
        string metadataName,
        [NotNullWhen(true)] out object? metadata
    )
    {
        metadata =
            metadataName == ServiceMetadata.Decision.Name ? decision
            : metadataName == MetadataName.RetryAfter.Name ? decision?.RetryAfter
            : metadataName == ServiceMetadata.Failure.Name ? failure
            : null;
        return metadata is not null;
    }
}
