using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using RateLimiting.Client;

namespace RateLimiting.AspNetCore;

/// <summary>The header fields of draft-ietf-httpapi-ratelimit-headers, for allowed and denied requests.</summary>
internal static class RateLimitHeaders
{
    private const string Policy = "RateLimit-Policy";
    private const string Limit = "RateLimit";

    /// <summary>Writes the figures of the lease's decision, if they were counted.</summary>
    public static void Write(IHeaderDictionary headers, RateLimitLease lease)
    {
        if (
            !lease.TryGetMetadata(ServiceMetadata.Decision, out var decision)
            || decision is null
            || !HasFigures(decision)
        )
        {
            return;
        }

        // A decision has the remaining permits of the limit that is nearest to exhaustion, but not its window. When several
        // limits denied the check, the decision does not say which of them is nearest.
        var name = QuotedString.Of(decision.Violated is [var violated] ? violated : "default");
        headers[Policy] = string.Create(
            CultureInfo.InvariantCulture,
            $"{name};q={decision.Capacity}"
        );
        headers[Limit] = $"{name};r={decision.Remaining};t={Seconds(decision.ResetIn)}";
    }

    /// <summary>Removes the headers that another limiter wrote when it allowed the request.</summary>
    public static void Remove(IHeaderDictionary headers)
    {
        headers.Remove(Policy);
        headers.Remove(Limit);
    }

    public static string Seconds(TimeSpan wait) =>
        ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    // Without the store only a policy that fails local counts, and then there are permits to be replenished.
    private static bool HasFigures(RateLimitDecision decision) =>
        !decision.Degraded || (decision.ResetIn > TimeSpan.Zero && !decision.IsFailClosed);
}
