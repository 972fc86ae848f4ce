using System.Diagnostics;
using System.Globalization;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>How check.lua counts one kind of limit.</summary>
/// <param name="Name">The file of the module, without <c>.lua</c>.</param>
/// <param name="Work">The work that one check causes: see <see cref="CheckWork"/>.</param>
internal sealed record LimiterModule(string Name, Func<Limit, int> Work)
{
    /// <summary>
    /// The permits of a sliding log that cost as much as one check of a fixed window. At 10,000 permits such a log costs 3 times
    /// as much in Redis, and up to 25 times in the embedded store, which traverses its lists (ADR 37). 7 is between these.
    /// </summary>
    private const int LoggedPermitsPerUnit = 1500;

    private static readonly LimiterModule Bucket = new("bucket", _ => 1);

    // The two buckets differ only in their default burst.
    private static readonly Dictionary<Algorithm, LimiterModule> Modules = new()
    {
        [Algorithm.FixedWindow] = new("fixed_window", _ => 1),
        [Algorithm.SlidingWindow] = new("sliding_window", _ => 1),
        [Algorithm.SlidingLog] = new(
            "sliding_log",
            limit => 1 + (int)(limit.Permits / LoggedPermitsPerUnit)
        ),
        [Algorithm.Calendar] = new("calendar", _ => 1),
        [Algorithm.Concurrency] = new("concurrency", _ => 1),
        [Algorithm.TokenBucket] = Bucket,
        [Algorithm.LeakyBucket] = Bucket,
    };

    /// <summary>The files of all modules.</summary>
    public static IEnumerable<string> Names => Modules.Values.Select(module => module.Name);

    public static LimiterModule Of(Limit limit) => Modules[limit.Algorithm];

    /// <inheritdoc cref="Write(Limit, long, ref ValueTuple{long, long})"/>
    public string Write(Limit limit, long now)
    {
        var valid = (long.MinValue, long.MaxValue);
        return Write(limit, now, ref valid);
    }

    /// <summary>The limit, as check.lua reads it.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="now">The time in microseconds, around which the periods of a calendar are.</param>
    /// <param name="valid">
    /// The time in which the text is as good as another that is made later; narrowed where it is for some time only.
    /// </param>
    public string Write(Limit limit, long now, ref (long From, long Until) valid)
    {
        var (window, tick) = limit switch
        {
            RateLimit rate => (Number(rate.WindowMicroseconds), rate.Tick),
            CalendarLimit { Schedule: var schedule } => (Periods(schedule, now, ref valid), 1),
            ConcurrencyLimit => (Number((long)limit.LongestWindow.TotalMicroseconds), 1),
            _ => throw new UnreachableException(),
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Name} {limit.Permits} {window} {limit.Capacity} {tick}"
        );
    }

    private static string Periods(
        CalendarSchedule schedule,
        long now,
        ref (long From, long Until) valid
    )
    {
        var (previous, current, next) = schedule.Around(now);
        valid = (Math.Max(valid.From, current.Start), Math.Min(valid.Until, current.End));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{previous.Start},{current.Start},{next.Start},{next.End},{schedule.At(next.End).End}"
        );
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
