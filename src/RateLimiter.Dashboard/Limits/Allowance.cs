using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>The request pattern of a user.</summary>
public enum Demand
{
    /// <summary>Takes every permit as soon as it is available.</summary>
    Constant,

    /// <summary>Requests at a constant rate, 1.5 times the rate that the slowest limit allows in the long run.</summary>
    Steady,
}

/// <param name="At">The time since the first request.</param>
/// <param name="Asked">The number of requests up to then; equal to the allowed ones for constant demand.</param>
/// <param name="Allowed">The number of allowed requests.</param>
public readonly record struct AllowancePoint(TimeSpan At, long Asked, long Allowed);

/// <summary>What limits allow a user over a time span, by the same model that the limiter is tested against.</summary>
/// <param name="Span">The time span.</param>
/// <param name="Points">One point per change: its figures hold until the next point.</param>
public sealed record Allowance(TimeSpan Span, IReadOnlyList<AllowancePoint> Points)
{
    // The maximum number of computed moments, however large the limits are. A log is read through at each of them.
    private const int MaxMoments = 1000;
    private const int MaxMomentsOfLogs = 200;

    // More points could not be distinguished on a screen.
    private const int MaxPoints = 300;

    private const long Second = 1_000_000;
    private const int AskedPerWindowOfNothing = 15;

    // Some time in the past; clock-aligned windows begin with the chart.
    private const long Epoch = 1_700_000_000 * Second;

    public AllowancePoint Last => Points[^1];

    /// <summary>The figures at a time.</summary>
    public AllowancePoint FiguresAt(TimeSpan time) => Points.Last(point => point.At <= time);

    /// <summary>The figures just before a time after the start, at which another window may begin.</summary>
    public AllowancePoint FiguresBefore(TimeSpan time) => Points.Last(point => point.At < time);

    /// <param name="limits">One or more limits, all of which must be passed.</param>
    /// <param name="demand">The request pattern of the user.</param>
    /// <param name="span">The time span.</param>
    /// <param name="cancellationToken">Cancels the computation.</param>
    public static Allowance Of(
        IReadOnlyList<Limit> limits,
        Demand demand,
        TimeSpan span,
        CancellationToken cancellationToken
    )
    {
        var moments = limits.Any(limit => limit.Algorithm == Algorithm.SlidingLog)
            ? MaxMomentsOfLogs
            : MaxMoments;
        var end = span.Ticks / TimeSpan.TicksPerMicrosecond;
        var step = Math.Max(1, end / moments);
        RateLimit[] coarse = [.. limits.Select(limit => Coarsen(RateOf(limit), step))];
        limits = coarse;
        var counters = limits.Select(limit => Counter.Create(limit.Algorithm)).ToArray();
        var longest = coarse.Max(limit => limit.WindowMicroseconds);
        var start = Epoch / longest * longest;
        var gap = GapOf(coarse);

        List<AllowancePoint> points = [];
        var (now, asked, allowed) = (0L, 0L, 0L);
        while (now < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var free = Counter
                .Acquire(counters, limits, start + now, 0)
                .Min(status => status.Remaining);
            var wanted = demand == Demand.Constant ? free : (long)(now / gap) + 1 - asked;
            var taken = Math.Min(free, wanted);
            if (taken > 0)
            {
                Counter.Acquire(counters, limits, start + now, taken);
            }

            (asked, allowed) = (asked + wanted, allowed + taken);
            points.Add(new AllowancePoint(TimeSpan.FromMicroseconds(now), asked, allowed));
            if (WaitOf(counters, limits, start + now, demand, gap, asked, now) is not { } wait)
            {
                break;
            }

            now += Math.Max(step, wait);
        }

        points.Add(points[^1] with { At = span });
        return new Allowance(span, Thin(points, span));
    }

    /// <summary>The time until the next change; null when there will be none.</summary>
    private static long? WaitOf(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long time,
        Demand demand,
        double gap,
        long asked,
        long now
    )
    {
        if (demand == Demand.Steady)
        {
            return (long)Math.Ceiling(asked * gap) - now;
        }

        // No permits remain, so that this consumes nothing.
        var waits = Counter
            .Acquire(counters, limits, time, 1)
            .Select(status => status.Wait)
            .ToList();
        return waits.Contains(LimitStatus.Never) ? null : waits.Max();
    }

    // A period of a calendar looks like a window, of which the first begins at the first request.
    private static RateLimit RateOf(Limit limit) =>
        limit as RateLimit
        ?? new WindowLimit(limit.Name, Algorithm.FixedWindow, limit.Permits, limit.LongestWindow);

    /// <summary>
    /// Between two moments one step apart, a small bucket would fill up, and a short window begin and end more than once.
    /// The replacement limit allows as much from moment to moment, and at once no more than fits into a step.
    /// </summary>
    private static RateLimit Coarsen(RateLimit limit, long step)
    {
        if (Limit.IsBucket(limit.Algorithm))
        {
            var inflow = (long)
                Int128.Min(
                    ((Int128)limit.Permits * step + limit.WindowMicroseconds - 1)
                        / limit.WindowMicroseconds,
                    Limit.MaxPermits
                );
            return With(limit, limit.Permits, limit.Window, Math.Max(limit.Capacity, inflow));
        }

        var windows = (step + limit.WindowMicroseconds - 1) / limit.WindowMicroseconds;
        return With(limit, limit.Permits * windows, limit.Window * windows, null);
    }

    private static RateLimit With(RateLimit limit, long permits, TimeSpan window, long? burst) =>
        RateLimit.Create(limit.Name, limit.Algorithm, permits, window, burst);

    /// <summary>Microseconds between two requests at the steady rate.</summary>
    private static double GapOf(RateLimit[] limits)
    {
        var slowest = limits.MinBy(limit => (double)limit.Permits / limit.WindowMicroseconds)!;
        return slowest.Permits == 0
            ? (double)slowest.WindowMicroseconds / AskedPerWindowOfNothing
            : slowest.WindowMicroseconds / 1.5 / slowest.Permits;
    }

    private static List<AllowancePoint> Thin(List<AllowancePoint> points, TimeSpan span) =>
        points.Count <= MaxPoints
            ? points
            :
            [
                points[0],
                .. points
                    .Skip(1)
                    .GroupBy(point => (int)(point.At / span * (MaxPoints - 2)))
                    .Select(group => group.Last()),
            ];
}
