using System.Globalization;
using System.Text;
using RateLimiter.Api.Errors;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>
/// The header fields of draft-ietf-httpapi-ratelimit-headers, with one item for each limit, made of the same decision
/// as the body.
/// </summary>
internal static class RateLimitHeaders
{
    public static void Write(HttpResponse response, Decision decision)
    {
        var policy = new StringBuilder();
        var state = new StringBuilder();
        for (var i = 0; i < decision.Statuses.Count; i++)
        {
            var limit = decision.Policy.Limits[i];
            var status = decision.Statuses[i];
            var separator = i == 0 ? "" : ", ";
            var name = Quote(limit.Name);
            var reset = TimeSpan.FromMicroseconds(status.Reset).RoundUp(TimeSpan.TicksPerSecond);
            policy.Append(
                CultureInfo.InvariantCulture,
                $"{separator}{name};q={limit.Permits};w={limit.Window.TotalSeconds:0}"
            );
            state.Append(
                CultureInfo.InvariantCulture,
                $"{separator}{name};r={status.Remaining};t={reset}"
            );
        }

        response.Headers["RateLimit-Policy"] = policy.ToString();
        response.Headers["RateLimit"] = state.ToString();
        if (decision.RetryAfter is { } wait)
        {
            response.SetRetryAfter(wait);
        }
    }

    /// <summary>
    /// A name as a string of RFC 9651. Those hold only printable ASCII, so that every other byte of its UTF-8 form is
    /// percent-encoded, and the percent sign too.
    /// </summary>
    internal static string Quote(string name)
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
}
