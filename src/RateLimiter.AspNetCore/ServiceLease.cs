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

/// <summary>
/// The lease for a decision of the service. Disposing it returns no permits: the request was made. If it owns a reservation, that
/// frees its slots.
/// </summary>
internal sealed class ServiceLease : RateLimitLease
{
    /// <summary>The lease of an attempt for which the service was not asked.</summary>
    public static readonly ServiceLease NotAsked = new(false, null, null);

    /// <summary>The wait before a retry when the real one is unknown: most outages are short.</summary>
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(1);

    private readonly RateLimitDecision? decision;
    private readonly Exception? failure;
    private RateLimitReservation? reservation;

    private ServiceLease(
        bool isAcquired,
        RateLimitDecision? decision,
        Exception? failure,
        RateLimitReservation? reservation = null
    )
    {
        IsAcquired = isAcquired;
        this.decision = decision;
        this.failure = failure;
        this.reservation = reservation;
        IsReserved = reservation is not null;
    }

    public override bool IsAcquired { get; }

    /// <summary>Whether it owns a reservation, or did until it was disposed of.</summary>
    public bool IsReserved { get; }

    /// <summary>The settlement that disposing has started; complete before. Never fails.</summary>
    public Task Settlement { get; private set; } = Task.CompletedTask;

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

    public static ServiceLease Of(RateLimitReservation reservation) =>
        new(true, reservation.Decision, null, reservation);

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

    protected override void Dispose(bool disposing)
    {
        // Started, not awaited: the base class has no asynchronous dispose, and a blocked thread per request would starve the pool.
        if (Interlocked.Exchange(ref reservation, null) is { } held)
        {
            Settlement = ServiceReservations.CommitAsync(held);
        }

        base.Dispose(disposing);
    }
}
