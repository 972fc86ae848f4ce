using System.Text.Json;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Figures;

/// <summary>The result of one algorithm for the traffic.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Requests">Each request, and whether it was allowed.</param>
/// <param name="Used">The permits in use, wherever their number changes.</param>
/// <param name="WindowStarts">The starts of windows or periods, for the algorithms that have them.</param>
internal sealed record Run(
    Limit Limit,
    IReadOnlyList<(long Time, bool Allowed)> Requests,
    IReadOnlyList<(long Time, long Permits)> Used,
    IReadOnlyList<long> WindowStarts
)
{
    public const int WindowSeconds = 10;

    private const long Permits = 10;
    private const long Window = WindowSeconds * Traffic.Second;

    // The shortest period of a calendar is longer than the picture: one ends and another begins in it.
    private const long PeriodStart = 10 * Traffic.Second;
    private const long SampleGap = Traffic.Second / 100;

    /// <summary>The algorithm's name in the API.</summary>
    public string Name { get; } = WireName(Limit.Algorithm);

    /// <summary>The time for which the permits are, in words.</summary>
    public string Per { get; } =
        Limit is RateLimit rate ? $"{rate.Window.TotalSeconds} s" : "hour of the calendar";

    public int Allowed { get; } = Requests.Count(request => request.Allowed);

    /// <summary>The most permits that were given within one window's length, wherever it begins.</summary>
    public int MostInOneWindow { get; } =
        Requests
            .Where(request => request.Allowed)
            .Max(last =>
                Requests.Count(request =>
                    request.Allowed
                    && request.Time <= last.Time
                    && request.Time + Window > last.Time
                )
            );

    public static Run Of(Algorithm algorithm)
    {
        var limit = LimitOf(algorithm);
        Counter[] counters = [Counter.Create(algorithm)];
        LimitStatus Take(long time, long cost) =>
            Counter.Acquire(counters, [limit], Traffic.Clock(time), cost)[0];

        var arrivals = Traffic.Scenes.SelectMany(scene => scene.Requests).ToHashSet();
        var samples = Enumerable
            .Range(0, (int)(Traffic.End / SampleGap) + 1)
            .Select(i => i * SampleGap)
            .Union(arrivals)
            .Order();
        List<(long Time, bool Allowed)> requests = [];
        List<(long Time, long Permits)> used = [(0, 0)];
        List<long> starts = [];
        foreach (var time in samples)
        {
            if (arrivals.Contains(time))
            {
                var isFirst = used[^1].Permits == 0;
                requests.Add((time, Take(time, 1).Wait == 0));
                if (isFirst && algorithm == Algorithm.FixedWindow)
                {
                    starts.Add(time);
                }
            }

            if (
                algorithm == Algorithm.SlidingWindow && Traffic.Clock(time) % Window == 0
                || algorithm == Algorithm.Calendar && time == PeriodStart
            )
            {
                starts.Add(time);
            }

            var permits = limit.Capacity - Take(time, 0).Remaining;
            if (permits != used[^1].Permits)
            {
                used.Add((time, permits));
            }
        }

        return new Run(limit, requests, used, starts);
    }

    private static Limit LimitOf(Algorithm algorithm) =>
        algorithm == Algorithm.Calendar
            ? new CalendarLimit(
                Limit.DefaultName,
                Permits,
                new CalendarSchedule(
                    CalendarUnit.Hour,
                    TimeZones.Utc,
                    CalendarAnchor.Parse(
                        $"{DateTimeOffset.UnixEpoch.AddMicroseconds(Traffic.Clock(PeriodStart)):yyyy-MM-dd'T'HH:mm:ss}"
                    )
                )
            )
            : RateLimit.Create(
                Limit.DefaultName,
                algorithm,
                Permits,
                TimeSpan.FromMicroseconds(Window)
            );

    private static string WireName(Algorithm algorithm) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(algorithm.ToString());
}
