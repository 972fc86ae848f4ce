using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace RateLimiting.AspNetCore;

/// <summary>Applies one policy to every request. Keeps no state of users.</summary>
internal sealed class GlobalServiceLimiter(ServicePolicy policy)
    : PartitionedRateLimiter<HttpContext>
{
    // The service keeps the permits of a user.
    public override RateLimiterStatistics? GetStatistics(HttpContext resource) => null;

    protected override RateLimitLease AttemptAcquireCore(HttpContext resource, int permitCount) =>
        policy.LimiterOf(resource).AttemptAcquire(permitCount);

    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(
        HttpContext resource,
        int permitCount,
        CancellationToken cancellationToken
    )
    {
        var lease = await policy
            .LimiterOf(resource)
            .AcquireAsync(permitCount, cancellationToken)
            .ConfigureAwait(false);
        if (lease.IsAcquired)
        {
            RateLimitHeaders.Write(resource.Response.Headers, lease);
            ServiceReservations.AwaitAtEndOf(resource.Response, lease);
        }

        return lease;
    }
}
