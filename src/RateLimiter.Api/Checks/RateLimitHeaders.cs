using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Checks;

/// <summary>
/// The header fields of draft-ietf-httpapi-ratelimit-headers, with one item for each limit, made of the same decision
/// as the body. What nobody has counted is left out: figures while the store is away, and all of them where the policy
/// fails closed then, because its limits are not why.
/// </summary>
internal static class RateLimitHeaders
{
    // What a policy's headers have in common is the same in every answer.
    private static readonly ConditionalWeakTable<Policy, PolicyHeader> PolicyHeaders = [];

    public static void Write(HttpResponse response, Decision decision)
    {
        if (decision.RetryAfter is { } wait)
        {
            response.SetRetryAfter(wait);
        }

        if (decision.IsFailClosed)
        {
            return;
        }

        var (text, names) = PolicyHeaders.GetValue(decision.Policy, PolicyHeader.Of);
        response.Headers["RateLimit-Policy"] = text;
        if (decision.IsCounted)
        {
            response.Headers["RateLimit"] =
                names.Length == 1
                    ? Item(names[0], decision.Statuses[0])
                    : string.Join(
                        ", ",
                        names.Select((name, i) => Item(name, decision.Statuses[i]))
                    );
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

    private static string Item(string name, LimitStatus status) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{name};r={status.Remaining};t={TimeSpan.FromMicroseconds(status.Reset).RoundUp(TimeSpan.TicksPerSecond)}"
        );

    /// <param name="Text">The whole of RateLimit-Policy.</param>
    /// <param name="Names">The names of the limits, quoted.</param>
    private sealed record PolicyHeader(string Text, string[] Names)
    {
        public static PolicyHeader Of(Policy policy)
        {
            string[] names = [.. policy.Limits.Select(limit => Quote(limit.Name))];
            var items = policy.Limits.Select(
                (limit, i) =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{names[i]};q={limit.Capacity};w={SecondsOf(limit)}"
                    )
            );
            return new PolicyHeader(string.Join(", ", items), names);
        }

        // In which the capacity flows in. Of a window, that is the window, and so it is where nothing flows in.
        private static long SecondsOf(Limit limit)
        {
            var window = (long)limit.Window.TotalSeconds;
            return limit.Permits == 0
                ? window
                : (limit.Capacity * window + limit.Permits - 1) / limit.Permits;
        }
    }
}
