using System.Globalization;
using System.Runtime.CompilerServices;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiting.AspNetCore;

namespace RateLimiter.Api.Checks;

/// <summary>
/// The header fields of draft-ietf-httpapi-ratelimit-headers, with one item per limit, computed from the same decision as
/// the body. Values that were not counted are omitted: the figures while the store is unavailable, and every field where the
/// policy then fails closed, because its limits are not the reason.
/// </summary>
internal static class RateLimitHeaders
{
    // The part of the headers that depends only on the policy is the same in every response.
    private static readonly ConditionalWeakTable<Policy, PolicyHeader> PolicyHeaders = [];

    public static void Write(HttpResponse response, Decision decision)
    {
        if (decision.RetryAfter is { } wait)
        {
            response.SetRetryAfter(wait);
        }

        if (decision.IsFailClosed || decision.Limits.Count == 0)
        {
            return;
        }

        var (text, names) = ReferenceEquals(decision.Limits, decision.Policy.Limits)
            ? PolicyHeaders.GetValue(
                decision.Policy,
                static policy => PolicyHeader.Of(policy.Limits)
            )
            : PolicyHeader.Of(decision.Limits);
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

    private static string Item(string name, LimitStatus status) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{name};r={status.Remaining};t={TimeSpan.FromMicroseconds(status.Reset).RoundUp(TimeSpan.TicksPerSecond)}"
        );

    /// <param name="Text">The complete value of RateLimit-Policy.</param>
    /// <param name="Names">The names of the limits, quoted.</param>
    private sealed record PolicyHeader(string Text, string[] Names)
    {
        public static PolicyHeader Of(IReadOnlyList<Limit> limits)
        {
            string[] names = [.. limits.Select(limit => QuotedString.Of(limit.Name))];
            var items = limits.Select(
                (limit, i) =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{names[i]};q={limit.Capacity};w={SecondsOf(limit)}"
                    )
            );
            return new PolicyHeader(string.Join(", ", items), names);
        }

        // The time in which the capacity is replenished. For a window that is the window; also for a bucket that is never
        // replenished.
        private static long SecondsOf(Limit limit)
        {
            var window = (long)limit.Window.TotalSeconds;
            return limit.Permits == 0
                ? window
                : (limit.Capacity * window + limit.Permits - 1) / limit.Permits;
        }
    }
}
