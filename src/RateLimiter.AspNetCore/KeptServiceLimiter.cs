using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace RateLimiting.AspNetCore;

/// <summary>
/// The limiter of one user, which the framework caches and uses for many requests. It writes the remaining permits into the
/// headers of each response, for which it needs the request: the framework passes the request when it looks up the limiter,
/// immediately before it uses it. Disposing does nothing, because the framework disposes idle limiters that a request may just
/// have found.
/// </summary>
internal sealed class KeptServiceLimiter(ServiceRateLimiter limiter) : RateLimiter
{
    private static readonly AsyncLocal<HttpContext?> Request = new();

    public override TimeSpan? IdleDuration => limiter.IdleDuration;

    /// <summary>Sets the request for which the next limiter is used.</summary>
    public static void IsAskedFor(HttpContext request) => Request.Value = request;

    public override RateLimiterStatistics? GetStatistics() => limiter.GetStatistics();

    protected override RateLimitLease AttemptAcquireCore(int permitCount) =>
        limiter.AttemptAcquire(permitCount);

    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(
        int permitCount,
        CancellationToken cancellationToken
    )
    {
        var request = Request.Value;
        // Work that starts here and outlives the request must not keep the request alive.
        Request.Value = null;
        var lease = await limiter
            .AcquireAsync(permitCount, cancellationToken)
            .ConfigureAwait(false);
        if (request is not null && lease.IsAcquired)
        {
            RateLimitHeaders.Write(request.Response.Headers, lease);
            ServiceReservations.AwaitAtEndOf(request.Response, lease);
        }

        return lease;
    }
}
