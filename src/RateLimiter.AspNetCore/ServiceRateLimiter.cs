using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>
/// A <see cref="RateLimiter"/> for one user (and other subjects) on one route, whose limits the service keeps. It works with any code that takes a
/// <see cref="RateLimiter"/>. Permits are the cost of a check; 0 permits take nothing, and are granted if one permit remains. A
/// call that is waiting when the limiter is disposed still gets its lease. With a reservation, the lease holds slots until it is
/// disposed of, so dispose of every lease.
/// </summary>
/// <param name="client">The client of the service.</param>
/// <param name="userId">The user, 1 to 256 characters.</param>
/// <param name="routeKey">The route that the user wants to use, 1 to 128 characters.</param>
/// <param name="role">The user's role, 1 to 128 characters; null is the default role.</param>
/// <param name="cost">The cost of one permit, 0 to 1,000,000,000.</param>
/// <param name="onFailure">What to do when there is no decision.</param>
/// <param name="logger">Receives a message when the service rejects checks. Outages of the service are logged by the client.</param>
/// <param name="time">The clock that measures the idle time.</param>
/// <param name="subjects">The subjects beside the user, at most 8, each with a value of 1 to 256 characters.</param>
/// <param name="reservation">
/// Makes reservations instead of checks, held as these options say until the lease is disposed of; then the slots are freed, and
/// the cost stays charged. Null makes checks, which a policy with a concurrency limit refuses.
/// </param>
public sealed class ServiceRateLimiter(
    IRateLimiterClient client,
    string userId,
    string routeKey,
    string? role = null,
    long cost = 1,
    FailureMode onFailure = FailureMode.Allow,
    ILogger<ServiceRateLimiter>? logger = null,
    TimeProvider? time = null,
    IReadOnlyDictionary<string, string>? subjects = null,
    RateLimitReservationOptions? reservation = null
) : RateLimiter
{
    /// <summary>The maximum cost of a check.</summary>
    private const long MaxCost = 1_000_000_000;

    private readonly IRateLimiterClient client =
        client ?? throw new ArgumentNullException(nameof(client));
    private readonly RateLimitCheck permit = new(
        ServiceNames.Checked(userId, ServiceNames.MaxUserLength),
        ServiceNames.Checked(routeKey, ServiceNames.MaxRouteLength),
        role is null ? null : ServiceNames.Checked(role, ServiceNames.MaxRoleLength),
        Math.Clamp(cost, 0, MaxCost)
    )
    {
        Subjects = subjects?.ToDictionary(
            subject => subject.Key,
            subject =>
                ServiceNames.Checked(subject.Value, ServiceNames.MaxSubjectLength, nameof(subjects))
        ),
    };
    private readonly RateLimitReservationOptions? reservation = ServiceReservations.Checked(
        reservation
    );
    private readonly RouteOutages outages = RouteOutages.Of(client);
    private readonly ILogger log = logger ?? NullLogger<ServiceRateLimiter>.Instance;
    private readonly TimeProvider clock = time ?? TimeProvider.System;
    private long lastUse = (time ?? TimeProvider.System).GetTimestamp();
    private long remaining;
    private long given;
    private long refused;
    private int asking;
    private volatile bool isDisposed;

    /// <summary>
    /// How long the limiter has been idle; null while it is in use. Caches of limiters by user evict idle ones by this value.
    /// </summary>
    public override TimeSpan? IdleDuration =>
        Volatile.Read(ref asking) > 0 ? null : clock.GetElapsedTime(Interlocked.Read(ref lastUse));

    /// <summary>
    /// The statistics of this process. The available permits are those of the last decision; failed leases include those that
    /// <see cref="RateLimiter.AttemptAcquire"/> did not grant.
    /// </summary>
    public override RateLimiterStatistics GetStatistics()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        return new()
        {
            CurrentAvailablePermits = Interlocked.Read(ref remaining),
            CurrentQueuedCount = Volatile.Read(ref asking),
            TotalSuccessfulLeases = Interlocked.Read(ref given),
            TotalFailedLeases = Interlocked.Read(ref refused),
        };
    }

    /// <summary>
    /// A locally cached denial, or else a lease that is not acquired and has no decision: a request to the service takes time,
    /// and callers that get no permit at once call <see cref="RateLimiter.AcquireAsync"/>. So no permit is taken twice.
    /// </summary>
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        Interlocked.Increment(ref refused);
        return client.FindLocalDenial(CheckOf(permitCount)) is { } denial
            ? ServiceLease.Of(denial, isAcquired: false)
            : ServiceLease.NotAsked;
    }

    /// <inheritdoc/>
    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(
        int permitCount,
        CancellationToken cancellationToken
    )
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        Interlocked.Increment(ref asking);
        try
        {
            var lease = await AskAsync(permitCount, cancellationToken).ConfigureAwait(false);
            Interlocked.Increment(ref lease.IsAcquired ? ref given : ref refused);
            return lease;
        }
        finally
        {
            Interlocked.Exchange(ref lastUse, clock.GetTimestamp());
            Interlocked.Decrement(ref asking);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        isDisposed = true;
        base.Dispose(disposing);
    }

    // The service would reject a higher cost as malformed, and the request would pass where the limiter fails open.
    private RateLimitCheck CheckOf(int permits) =>
        permits == 1 ? permit : permit with { Cost = Math.Min(permits * permit.Cost, MaxCost) };

    // The service allows a cost of 0 even when no permit remains.
    private bool IsAcquired(RateLimitDecision decision, int permits) =>
        decision.Allowed && (permits > 0 || decision.Remaining >= permit.Cost);

    private async Task<ServiceLease> AskAsync(int permits, CancellationToken cancellationToken)
    {
        var asked = Outage.Now();
        try
        {
            var lease = await (
                reservation is null
                    ? CheckAsync(permits, cancellationToken)
                    : ReserveAsync(permits, reservation, cancellationToken)
            ).ConfigureAwait(false);
            outages.Succeed(asked, permit.RouteKey, log);
            return lease;
        }
        catch (RateLimiterUnavailableException exception)
        {
            return ServiceLease.Without(onFailure, exception);
        }
#pragma warning disable CA1031 // No exception of the limiter may fail the request.
        catch (Exception exception)
            when (exception is not OperationCanceledException
                || !cancellationToken.IsCancellationRequested
            )
#pragma warning restore CA1031
        {
            outages.Fail(asked, permit.RouteKey, exception.Message, log, clock);
            return ServiceLease.Without(onFailure, exception);
        }
    }

    private async Task<ServiceLease> CheckAsync(int permits, CancellationToken cancellationToken)
    {
        var decision = await client
            .CheckAsync(CheckOf(permits), cancellationToken)
            .ConfigureAwait(false);
        Interlocked.Exchange(ref remaining, decision.Remaining);
        return ServiceLease.Of(decision, IsAcquired(decision, permits));
    }

    private async Task<ServiceLease> ReserveAsync(
        int permits,
        RateLimitReservationOptions options,
        CancellationToken cancellationToken
    )
    {
        // A reservation of cost 0 takes a slot too. So for 0 permits, one is taken and given back at once.
        var reserving = client.ReserveAsync(
            CheckOf(Math.Max(permits, 1)),
            options,
            CancellationToken.None
        );
        RateLimitReservation held;
        try
        {
            held = await reserving.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // A cancelled call would leave the slots taken until they expire, if the service has already granted them.
            _ = ServiceReservations.ReleaseAsync(reserving);
            throw;
        }

        Interlocked.Exchange(ref remaining, held.Decision.Remaining);
        if (permits > 0 && held.Decision.Allowed)
        {
            return ServiceLease.Of(held);
        }

        await held.DisposeAsync().ConfigureAwait(false);
        return ServiceLease.Of(held.Decision, held.Decision.Allowed);
    }
}
