using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>
/// The limits of one user on one route, which the service keeps: a <see cref="RateLimiter"/> that any code can use which
/// takes one. Permits are the cost of a check; 0 permits take nothing, and are a lease if one permit is left. What waits for an
/// answer when it is disposed of still gets it.
/// </summary>
/// <param name="client">Asks the service.</param>
/// <param name="userId">The user, 1 to 256 characters.</param>
/// <param name="routeKey">What the user wants to do, 1 to 128 characters.</param>
/// <param name="role">The user's role, 1 to 128 characters; null is the default role.</param>
/// <param name="cost">What one permit costs, 0 to 1,000,000,000.</param>
/// <param name="onFailure">What to answer when there is no decision.</param>
/// <param name="logger">Told when the service refuses to decide. That it is away is told by the client.</param>
/// <param name="time">Measures how long it has not been used.</param>
public sealed class ServiceRateLimiter(
    IRateLimiterClient client,
    string userId,
    string routeKey,
    string? role = null,
    long cost = 1,
    FailureMode onFailure = FailureMode.Allow,
    ILogger<ServiceRateLimiter>? logger = null,
    TimeProvider? time = null
) : RateLimiter
{
    /// <summary>The most that a check can cost.</summary>
    private const long MaxCost = 1_000_000_000;

    private readonly IRateLimiterClient client =
        client ?? throw new ArgumentNullException(nameof(client));
    private readonly string userId = ServiceNames.Checked(userId, ServiceNames.MaxUserLength);
    private readonly string routeKey = ServiceNames.Checked(routeKey, ServiceNames.MaxRouteLength);
    private readonly string? role = role is null
        ? null
        : ServiceNames.Checked(role, ServiceNames.MaxRoleLength);
    private readonly RouteOutages outages = RouteOutages.Of(client);
    private readonly ILogger log = logger ?? NullLogger<ServiceRateLimiter>.Instance;
    private readonly TimeProvider clock = time ?? TimeProvider.System;
    private long lastUse = (time ?? TimeProvider.System).GetTimestamp();
    private long remaining;
    private long given;
    private long refused;
    private int asking;
    private volatile bool isDisposed;

    /// <summary>How long nobody has asked; null while somebody does. Who keeps limiters by user forgets them by this.</summary>
    public override TimeSpan? IdleDuration =>
        Volatile.Read(ref asking) > 0 ? null : clock.GetElapsedTime(Interlocked.Read(ref lastUse));

    /// <summary>
    /// What this process knows. The permits are those that the last decision said are left; leases that failed are also those
    /// that <see cref="RateLimiter.AttemptAcquire"/> did not give.
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
    /// A denial that is known here, or else a lease that is not acquired, which says nothing: asking takes time, and whoever
    /// gets no permit at once asks with <see cref="RateLimiter.AcquireAsync"/>. So nothing is taken twice.
    /// </summary>
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        Interlocked.Increment(ref refused);
        return client.FindLocalDenial(userId, routeKey, role, CostOf(permitCount)) is { } denial
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

    // More would be refused as malformed, and pass where the policy fails open.
    private long CostOf(int permits) => Math.Min(permits * Math.Clamp(cost, 0, MaxCost), MaxCost);

    // The service allows a cost of 0 also when nothing is left.
    private bool IsAcquired(RateLimitDecision decision, int permits) =>
        decision.Allowed && (permits > 0 || decision.Remaining >= CostOf(1));

    private async Task<ServiceLease> AskAsync(int permits, CancellationToken cancellationToken)
    {
        var asked = Outage.Now();
        try
        {
            var decision = await client
                .CheckAsync(userId, routeKey, role, CostOf(permits), cancellationToken)
                .ConfigureAwait(false);
            outages.Succeed(asked, routeKey, log);
            Interlocked.Exchange(ref remaining, decision.Remaining);
            return ServiceLease.Of(decision, IsAcquired(decision, permits));
        }
        catch (RateLimiterUnavailableException exception)
        {
            return ServiceLease.Without(onFailure, exception);
        }
#pragma warning disable CA1031 // Whatever it is, it must not be the request's failure.
        catch (Exception exception)
            when (exception is not OperationCanceledException
                || !cancellationToken.IsCancellationRequested
            )
#pragma warning restore CA1031
        {
            outages.Fail(asked, routeKey, exception.Message, log, clock);
            return ServiceLease.Without(onFailure, exception);
        }
    }
}
