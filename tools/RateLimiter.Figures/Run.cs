using System.Text.Json;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Figures;

/// <summary>The result of one algorithm for the traffic.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Requests">Each request, and whether it was allowed.</param>
/// <param name="Used">The permits in use, wherever their number changes.</param>
/// <param name="WindowStarts">The starts of windows, for the algorithms that have them.</param>
internal sealed record Run(
    Limit Limit,
    IReadOnlyList<(long Time, bool Allowed)> Requests,
    IReadOnlyList<(long Time, long Permits)> Used,
    IReadOnlyList<long> WindowStarts
)
{
    private const long Permits = 10;
    private const long Window = 10 * Traffic.Second;
    private const long SampleGap = Traffic.Second / 100;

    /// <summary>The algorithm's name in the API.</summary>
    public string Name { get; } = WireName(Limit.Algorithm);

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
        var limit = Limit.Create(
            Limit.DefaultName,
            algorithm,
            Permits,
            TimeSpan.FromMicroseconds(Window)
        );
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

            if (algorithm == Algorithm.SlidingWindow && Traffic.Clock(time) % Window == 0)
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

    private static string WireName(Algorithm algorithm) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(algorithm.ToString());
}
