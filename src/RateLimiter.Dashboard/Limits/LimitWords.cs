using System.Globalization;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>Limits in words.</summary>
public static class LimitWords
{
    private static readonly (long Seconds, string Name)[] Units =
    [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];

    /// <summary>Such as "100 per 60 s, sliding window".</summary>
    public static string Of(Limit limit) =>
        Figures.Text(limit.Permits)
        + limit switch
        {
            ConcurrencyLimit => " at once",
            CalendarLimit { Schedule: var schedule } => $" per {Of(schedule)}",
            _ => $" per {Seconds(limit.LongestWindow)}, {Of(limit.Algorithm)}",
        }
        + (limit is BucketLimit { Burst: { } burst } ? $", burst {Figures.Text(burst)}" : "")
        + (limit.Per.Equals(SubjectNames.UserOnly) ? "" : $", {Of(limit.Per)}");

    private static string Of(CalendarSchedule schedule) =>
        $"calendar {$"{schedule.Unit}".ToLowerInvariant()}, {schedule.TimeZone}"
        + (schedule.Anchor is { } anchor ? $" from {anchor}" : "");

    private static string Of(SubjectNames per) =>
        per.Count == 0 ? "one counter for all" : $"per {string.Join(" and ", per)}";

    /// <summary>The same with its name, if there are several.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<Limit> limits) =>
        limits is [{ Name: Limit.DefaultName } only]
            ? [Of(only)]
            : limits.Select(limit => $"{limit.Name}: {Of(limit)}");

    public static string Of(Algorithm algorithm) =>
        algorithm switch
        {
            Algorithm.FixedWindow => "fixed window",
            Algorithm.SlidingWindow => "sliding window",
            Algorithm.SlidingLog => "sliding log",
            Algorithm.TokenBucket => "token bucket",
            Algorithm.LeakyBucket => "leaky bucket",
            Algorithm.Calendar => "calendar",
            Algorithm.Concurrency => "concurrency",
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
        };

    public static string Of(StoreFailureMode? mode) =>
        mode switch
        {
            null => "service default",
            StoreFailureMode.Deny => "fail closed: deny everything",
            StoreFailureMode.Allow => "fail open: allow everything",
            StoreFailureMode.Local => "fail local: count per instance",
            _ => throw new ArgumentOutOfRangeException(nameof(mode)),
        };

    public static string Of(ExpiryAction? action) =>
        action switch
        {
            null => "default: give back",
            ExpiryAction.Release => "give back",
            ExpiryAction.Charge => "keep charged",
            _ => throw new ArgumentOutOfRangeException(nameof(action)),
        };

    /// <summary>In the format of the API: "3,600 s".</summary>
    public static string Seconds(TimeSpan time) =>
        $"{Figures.Text((long)Math.Ceiling(time.TotalSeconds))} s";

    /// <summary>In a readable format, in the two largest units: "1 hour 30 minutes".</summary>
    public static string Duration(TimeSpan time)
    {
        var rest = (long)Math.Ceiling(time.TotalSeconds);
        List<string> parts = [];
        foreach (var (seconds, name) in Units)
        {
            var count = rest / seconds;
            rest %= seconds;
            if (count > 0)
            {
                parts.Add($"{Figures.Text(count)} {name}{(count == 1 ? "" : "s")}");
            }
            else if (parts.Count > 0)
            {
                break;
            }

            if (parts.Count == 2)
            {
                break;
            }
        }

        return parts is [] ? "0 seconds" : string.Join(' ', parts);
    }

    /// <summary>What a limit allows a user, in sentences.</summary>
    public static string Allowance(Limit limit)
    {
        var (permits, window) = (limit.Permits, Seconds(limit.LongestWindow));
        if (permits == 0)
        {
            return "All requests are denied.";
        }

        if (limit is ConcurrencyLimit)
        {
            return $"At most {Figures.Text(permits)} slots of open reservations at once.";
        }

        var atOnce = $"A user may make {Requests(limit.Capacity)} at once";
        return limit.Algorithm switch
        {
            Algorithm.FixedWindow =>
                $"{atOnce}, and again {window} after the first of them; never more than "
                    + $"{Figures.Text(2 * permits - 1)} in any {window}, around the end of a window.",
            Algorithm.SlidingWindow =>
                $"{atOnce}; when the clock-aligned window ends, permits are replenished {Pace(limit)} over the next window. "
                    + $"About {Figures.Text(permits)} in any {window}: it is an estimate.",
            Algorithm.Calendar =>
                $"{atOnce}, and again when the next {Of(((CalendarLimit)limit).Schedule)} begins.",
            Algorithm.SlidingLog =>
                $"{atOnce}; each permit is replenished {window} after it was taken. Never more than {Figures.Text(permits)} in any {window}.",
            _ =>
                $"{atOnce}, then {Pace(limit)}; never more than {Figures.Text(limit.Capacity + permits)} in any {window}.",
        };
    }

    /// <summary>What several limits together allow a user.</summary>
    public static IReadOnlyList<string> Allowance(IReadOnlyList<Limit> limits)
    {
        if (limits is [var only])
        {
            return [Allowance(only)];
        }

        var rates = limits.Where(limit => limit is not ConcurrencyLimit).ToList();
        var least = rates is [] ? 0 : rates.Min(limit => limit.Capacity);
        return
        [
            limits.Any(limit => limit.Permits == 0) ? "All requests are denied."
            : least == 0 ? "All limits apply together."
            : $"All limits apply together: a user may make {Requests(least)} at once.",
            .. limits.Select(limit => $"{limit.Name}: {Allowance(limit)}"),
        ];
    }

    /// <summary>The replenishment rate of a limit: "once every 6 s", or "2.5 times a second".</summary>
    private static string Pace(Limit limit)
    {
        var seconds = limit.LongestWindow.TotalSeconds / limit.Permits;
        if (seconds >= 120)
        {
            return $"once every {Duration(TimeSpan.FromSeconds(seconds))}";
        }

        return seconds >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"once every {seconds:0.#} s")
            : string.Create(CultureInfo.InvariantCulture, $"{1 / seconds:#,0.#} times a second");
    }

    private static string Requests(long count) =>
        count switch
        {
            1 => "1 request",
            _ => $"{Figures.Text(count)} requests",
        };
}
