using System.Globalization;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>Answers a request that was rejected.</summary>
public static class ServiceRejection
{
    /// <summary>
    /// 429 with Retry-After and the RateLimit headers, and a problem as body; 503 where there was no decision. What another
    /// limiter rejected keeps its status.
    /// </summary>
    /// <param name="rejected">The request, and the lease that it did not get.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    public static async ValueTask WriteAsync(
        OnRejectedContext rejected,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (response, lease) = (rejected.HttpContext.Response, rejected.Lease);
        if (lease.TryGetMetadata(MetadataName.RetryAfter, out var wait))
        {
            response.Headers.RetryAfter = Seconds(wait);
        }

        if (
            lease.TryGetMetadata(ServiceMetadata.Decision, out var decision) && decision is not null
        )
        {
            response.StatusCode = StatusCodes.Status429TooManyRequests;
            WriteHeaders(response.Headers, decision);
        }
        else if (lease.TryGetMetadata(ServiceMetadata.Failure, out _))
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }

        await Results
            .Problem(statusCode: response.StatusCode, detail: decision?.Reason)
            .ExecuteAsync(rejected.HttpContext);
    }

    // draft-ietf-httpapi-ratelimit-headers. A decision knows how much is left of the nearest limit, and not its window.
    private static void WriteHeaders(IHeaderDictionary headers, RateLimitDecision decision)
    {
        // Of several that said no, which one is nearest is not told.
        var name = Quote(decision.Violated is [var violated] ? violated : "default");
        headers["RateLimit-Policy"] = string.Create(
            CultureInfo.InvariantCulture,
            $"{name};q={decision.Limit}"
        );
        headers["RateLimit"] = $"{name};r={decision.Remaining};t={Seconds(decision.ResetIn)}";
    }

    // A string of RFC 9651 holds only printable ASCII.
    private static string Quote(string name)
    {
        var quoted = new StringBuilder("\"");
        foreach (var value in Encoding.UTF8.GetBytes(name))
        {
            _ = value switch
            {
                (byte)'"' or (byte)'\\' => quoted.Append('\\').Append((char)value),
                (byte)'%' or < 0x20 or > 0x7E => quoted.Append(
                    CultureInfo.InvariantCulture,
                    $"%{value:X2}"
                ),
                _ => quoted.Append((char)value),
            };
        }

        return quoted.Append('"').ToString();
    }

    private static string Seconds(TimeSpan wait) =>
        ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
