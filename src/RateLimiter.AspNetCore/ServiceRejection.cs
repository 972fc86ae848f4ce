using System.Text.Json.Serialization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.WebUtilities;

namespace RateLimiting.AspNetCore;

/// <summary>Writes the response for a rejected request.</summary>
public static class ServiceRejection
{
    /// <summary>
    /// Responds with 429, Retry-After, the RateLimit headers and a problem document. When no limit was reached
    /// (<see cref="ServiceMetadata.IsUnavailable"/>), it responds with 503 and Retry-After, without the reason. A rejection by
    /// another limiter keeps its status.
    /// </summary>
    /// <param name="rejected">The request, and the lease that was not acquired.</param>
    /// <param name="cancellationToken">Cancels the response.</param>
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

        // Not as an endpoint result, which would log two lines for each rejection.
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
