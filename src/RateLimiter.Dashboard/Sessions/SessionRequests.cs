using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace RateLimiter.Dashboard.Sessions;

/// <summary>What the API, which the dashboard does not know, also reads from requests and writes into responses.</summary>
internal static class SessionRequests
{
    /// <summary>The caller's address. A connection over a Unix socket has none.</summary>
    public static IPAddress RemoteAddress(this HttpContext context) =>
        context.Connection.RemoteIpAddress ?? IPAddress.Loopback;

    /// <summary>Sets Retry-After in whole seconds, rounded up.</summary>
    public static void SetRetryAfter(this HttpResponse response, TimeSpan wait) =>
        response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(
            CultureInfo.InvariantCulture
        );
}
