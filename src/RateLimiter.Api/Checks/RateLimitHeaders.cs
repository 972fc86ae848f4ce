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
/// policy then fails closed or an override decides, because its limits are not the reason.
/// </summary>
internal static class RateLimitHeaders
{
    // The part of the headers that depends only on the limits is the same in every response, but for calendars, whose periods
    // have different lengths.
    private static readonly ConditionalWeakTable<LimitList, PolicyHeader> PolicyHeaders = [];

    public static void Write(HttpResponse response, Decision decision)
    {
        if (decision.RetryAfter is { } wait)
        {
            response.SetRetryAfter(wait);
        }

        if (decision.IsFailClosed || decision.IsOverridden || decision.Limits.Count == 0)
        {
            return;
        }

        var (text, names) = decision.Limits is LimitList { HasCalendar: false } limits
            ? PolicyHeaders.GetValue(limits, static limits => PolicyHeader.Of(limits, default))
            : PolicyHeader.Of(decision.Limits, decision.DecidedAt);
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
        public static PolicyHeader Of(IReadOnlyList<Limit> limits, DateTimeOffset now)
        {
            string[] names = [.. limits.Select(limit => QuotedString.Of(limit.Name))];
            var items = limits.Select(
                (limit, i) =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{names[i]};q={limit.Capacity};{UnitOf(limit, now)}"
                    )
            );
            return new PolicyHeader(string.Join(", ", items), names);
        }

        // A concurrency limit has no window, and its quota is not in requests, which is the default.
        private static string UnitOf(Limit limit, DateTimeOffset now) =>
            limit is ConcurrencyLimit
                ? "qu=\"concurrent-requests\""
                : string.Create(CultureInfo.InvariantCulture, $"w={SecondsOf(limit, now)}");

        // The time in which the capacity is replenished. For a window that is the window; also for a bucket that is never
        // replenished.
        private static long SecondsOf(Limit limit, DateTimeOffset now)
        {
            if (limit is CalendarLimit { Schedule: var schedule })
            {
                var (start, end) = schedule.At(
                    (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond
                );
                return TimeSpan.FromMicroseconds(end - start).RoundUp(TimeSpan.TicksPerSecond);
            }

            var window = (long)((RateLimit)limit).Window.TotalSeconds;
            return limit.Permits == 0
                ? window
                : (limit.Capacity * window + limit.Permits - 1) / limit.Permits;
        }
    }
}
