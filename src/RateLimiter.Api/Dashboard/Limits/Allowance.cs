using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Dashboard.Limits;

/// <summary>How somebody asks.</summary>
public enum Demand
{
    /// <summary>Takes whatever there is as soon as it is there.</summary>
    Constant,

    /// <summary>Asks evenly, half as often again as the slowest limit allows in the long run.</summary>
    Steady,
}

/// <param name="At">Since the first request.</param>
/// <param name="Asked">So many requests by then; as many as were allowed where everything is asked for.</param>
/// <param name="Allowed">So many of them allowed.</param>
public readonly record struct AllowancePoint(TimeSpan At, long Asked, long Allowed);

/// <summary>What limits allow a user over a time, by the same model that the limiter is held against.</summary>
/// <param name="Span">The time.</param>
/// <param name="Points">Wherever something changes: from each on, its figures hold until the next.</param>
public sealed record Allowance(TimeSpan Span, IReadOnlyList<AllowancePoint> Points)
{
    // So many moments are reckoned at most, however large the limits are. A log is read through at each of them.
    private const int MaxMoments = 1000;
    private const int MaxMomentsOfLogs = 200;

    // More could not be told apart on a screen.
    private const int MaxPoints = 300;

    private const long Second = 1_000_000;
    private const int AskedPerWindowOfNothing = 15;

    // Some time in the past; the windows of the clock begin with the picture.
    private const long Epoch = 1_700_000_000 * Second;

    public AllowancePoint Last => Points[^1];

    /// <summary>The figures at a time.</summary>
    public AllowancePoint FiguresAt(TimeSpan time) => Points.Last(point => point.At <= time);

    /// <summary>The figures just before a time after the start, at which another window may begin.</summary>
    public AllowancePoint FiguresBefore(TimeSpan time) => Points.Last(point => point.At < time);

    /// <param name="limits">One or more, all of which must be passed.</param>
    /// <param name="demand">How the user asks.</param>
    /// <param name="span">For how long.</param>
    /// <param name="cancellationToken">Ends the reckoning.</param>
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
        limits = [.. limits.Select(limit => Coarsen(limit, step))];
        var counters = limits.Select(limit => Counter.Create(limit.Algorithm)).ToArray();
        var longest = limits.Max(limit => limit.WindowMicroseconds);
        var start = Epoch / longest * longest;
        var gap = GapOf(limits);

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

    /// <summary>How long nothing happens; null when nothing will.</summary>
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

        // Nothing is left, so that this takes nothing.
        var waits = Counter
            .Acquire(counters, limits, time, 1)
            .Select(status => status.Wait)
            .ToList();
        return waits.Contains(LimitStatus.Never) ? null : waits.Max();
    }

    /// <summary>
    /// Between two moments that are a step apart, a small bucket would fill up and a short window begin and end more than
    /// once. The limit in its place gives as much from moment to moment, and at once no more than fits into a step.
    /// </summary>
    private static Limit Coarsen(Limit limit, long step)
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

    private static Limit With(Limit limit, long permits, TimeSpan window, long? burst) =>
        new(limit.Name, limit.Algorithm, permits, window, burst);

    /// <summary>Microseconds between two requests of somebody who asks steadily.</summary>
    private static double GapOf(IReadOnlyList<Limit> limits)
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
