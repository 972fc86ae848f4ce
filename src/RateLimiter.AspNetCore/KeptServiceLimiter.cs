using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace RateLimiting.AspNetCore;

/// <summary>
/// A user's limiter that the framework keeps and asks for many requests. It says in the answer to each what is left, for which
/// it must know the request: the framework names it when it looks for the limiter, right before it asks the limiter. Disposing
/// of it does nothing, because the framework disposes of an idle one that a request may just have found.
/// </summary>
internal sealed class KeptServiceLimiter(ServiceRateLimiter limiter) : RateLimiter
{
    private static readonly AsyncLocal<HttpContext?> Request = new();

    public override TimeSpan? IdleDuration => limiter.IdleDuration;

    /// <summary>Says what the limiter that is asked next is asked for.</summary>
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
        // What begins here and outlives the request must not keep it.
        Request.Value = null;
        var lease = await limiter
            .AcquireAsync(permitCount, cancellationToken)
            .ConfigureAwait(false);
        if (request is not null && lease.IsAcquired)
        {
            RateLimitHeaders.Write(request.Response.Headers, lease);
        }

        return lease;
    }
}
