using System.Text.Json.Serialization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.WebUtilities;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>Answers a request that was rejected.</summary>
public static class ServiceRejection
{
    /// <summary>
    /// 429 with Retry-After and the RateLimit headers, and a problem as body. Where no limit was reached
    /// (<see cref="ServiceMetadata.IsUnavailable"/>), 503 with Retry-After, which says nothing of why. What another limiter
    /// rejected keeps its status.
    /// </summary>
    /// <param name="rejected">The request, and the lease that it did not get.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    public static async ValueTask WriteAsync(
        OnRejectedContext rejected,
        CancellationToken cancellationToken
    )
    {
        var (response, lease) = (rejected.HttpContext.Response, rejected.Lease);
        if (lease.TryGetMetadata(MetadataName.RetryAfter, out var wait))
        {
            response.Headers.RetryAfter = RateLimitHeaders.Seconds(wait);
        }

        RateLimitHeaders.Remove(response.Headers);
        string? detail = null;
        if (lease.TryGetMetadata(ServiceMetadata.IsUnavailable, out _))
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
        else if (lease.TryGetMetadata(ServiceMetadata.Decision, out var decision))
        {
            response.StatusCode = StatusCodes.Status429TooManyRequests;
            RateLimitHeaders.Write(response.Headers, lease);
            detail = decision?.Reason;
        }

        // Not as a result of an endpoint, which would be two lines in the log for each.
        await response.WriteAsJsonAsync(
            new ProblemDetails
            {
                Type = "about:blank",
                Title = ReasonPhrases.GetReasonPhrase(response.StatusCode),
                Status = response.StatusCode,
                Detail = detail,
            },
            ProblemJson.Default.ProblemDetails,
            "application/problem+json",
            cancellationToken
        );
    }
}

[JsonSerializable(typeof(ProblemDetails))]
internal sealed partial class ProblemJson : JsonSerializerContext;
