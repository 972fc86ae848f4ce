using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>The names of a service lease's metadata, in addition to <see cref="MetadataName.RetryAfter"/>.</summary>
public static class ServiceMetadata
{
    /// <summary>The decision of the service; absent when the lease was granted or denied without a decision.</summary>
    public static MetadataName<RateLimitDecision> Decision { get; } =
        MetadataName.Create<RateLimitDecision>("RATELIMITER_DECISION");

    /// <summary>The reason why there is no decision.</summary>
    public static MetadataName<Exception> Failure { get; } =
        MetadataName.Create<Exception>("RATELIMITER_FAILURE");

    /// <summary>
    /// True when the lease was denied although no limit was reached: the service is unavailable or rejects the check, and the
    /// limiter fails closed; or the service's store is unavailable, and the policy fails closed. Respond with 503, and not with
    /// 429. Absent when the lease was granted, or denied by a limit.
    /// </summary>
    public static MetadataName<bool> IsUnavailable { get; } =
        MetadataName.Create<bool>("RATELIMITER_UNAVAILABLE");
}

/// <summary>The lease for a decision of the service. Disposing it returns no permits: the request was made.</summary>
internal sealed class ServiceLease : RateLimitLease
{
    /// <summary>The lease of an attempt for which the service was not asked.</summary>
    public static readonly ServiceLease NotAsked = new(false, null, null);

    /// <summary>The wait before a retry when the real one is unknown: most outages are short.</summary>
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
