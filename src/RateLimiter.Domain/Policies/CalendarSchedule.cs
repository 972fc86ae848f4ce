using System.Diagnostics;
using NodaTime;
using NodaTime.TimeZones;

namespace RateLimiter.Domain.Policies;

/// <summary>How long a period of a calendar is.</summary>
public enum CalendarUnit
{
    /// <summary>
    /// An hour of the wall clock. It never exceeds 3,600 seconds: when the clock is set back, a period ends there, and an hour
    /// that the clock repeats is a period of its own.
    /// </summary>
    Hour,

    /// <summary>A day of the calendar: 23 or 25 hours, or another length, when the clock is changed on it.</summary>
    Day,

    /// <summary>Seven days of the calendar, from Monday unless an anchor names another day.</summary>
    Week,

    /// <summary>A month of the calendar.</summary>
    Month,

    /// <summary>Three months of the calendar, from January, April, July and October unless an anchor names others.</summary>
    Quarter,

    /// <summary>Twelve months of the calendar, from January 1 unless an anchor names another day.</summary>
    Year,
}

/// <summary>
/// Divides time into the periods of a calendar in a time zone, without gap or overlap. Instants are microseconds since the Unix
/// epoch, of the years 1 to 9990.
/// </summary>
/// <remarks>
/// A period of days or months begins when the wall clock first shows its local start or a later time. A local time that does not
/// exist is thereby the next that does, and of one that exists twice the first counts. Starts are counted from the anchor, not from
/// one another: after a shorter month, the 31st is the 31st again. A period of which no moment exists is omitted.
/// </remarks>
public sealed class CalendarSchedule : IEquatable<CalendarSchedule>
{
    private const long HourLength = 3_600_000_000;

    /// <summary>A Monday on which a month, a quarter and a year begin: the calendar's own start of every unit.</summary>
    private static readonly LocalDateTime OwnAnchor = new(2001, 1, 1, 0, 0);

    private static readonly ZoneLocalMappingResolver FirstMoment = Resolvers.CreateMappingResolver(
        Resolvers.ReturnEarlier,
        Resolvers.ReturnStartOfIntervalAfter
    );

    private readonly DateTimeZone _zone;
    private readonly LocalDateTime _anchor;

    /// <summary>The days or else the months of a period; both are 0 for <see cref="CalendarUnit.Hour"/>.</summary>
    private readonly int _days;
    private readonly int _months;

    private volatile CalendarPeriod? _last;
    private volatile LocalEnd? _lastEnd;

    /// <param name="unit">How long a period is.</param>
    /// <param name="timeZone">A name that <see cref="TimeZones.Problem"/> finds valid.</param>
    /// <param name="anchor">A moment at which a period begins; null for the calendar's own.</param>
    /// <exception cref="ArgumentException">The time zone is not valid.</exception>
    public CalendarSchedule(CalendarUnit unit, string timeZone, CalendarAnchor? anchor = null)
    {
        Unit = unit;
        TimeZone = timeZone;
        Anchor = anchor;
        _zone = TimeZones.Get(timeZone);
        _anchor = anchor?.Local ?? OwnAnchor;
        (_days, _months) = unit switch
        {
            CalendarUnit.Hour => (0, 0),
            CalendarUnit.Day => (1, 0),
            CalendarUnit.Week => (7, 0),
            CalendarUnit.Month => (0, 1),
            CalendarUnit.Quarter => (0, 3),
            CalendarUnit.Year => (0, 12),
            _ => throw new ArgumentOutOfRangeException(nameof(unit)),
        };
    }

    /// <summary>How long a period is.</summary>
    public CalendarUnit Unit { get; }

    /// <summary>The time zone whose calendar it is.</summary>
    public string TimeZone { get; }

    /// <summary>A moment at which a period begins; null for the calendar's own.</summary>
    public CalendarAnchor? Anchor { get; }

    /// <summary>The length of the longest period, without changes of the clock and leap days.</summary>
    public TimeSpan LongestPeriod =>
        Unit switch
        {
            CalendarUnit.Hour => TimeSpan.FromHours(1),
            CalendarUnit.Day or CalendarUnit.Week => TimeSpan.FromDays(_days),
            CalendarUnit.Month => TimeSpan.FromDays(31),
            CalendarUnit.Quarter => TimeSpan.FromDays(92),
            CalendarUnit.Year => TimeSpan.FromDays(365),
            _ => throw new UnreachableException(),
        };

    /// <summary>The period that contains an instant. The last one is remembered.</summary>
    public CalendarPeriod At(long instant)
    {
        if (_last is { } last && instant >= last.Start && instant < last.End)
        {
            return last;
        }

        var found = Find(instant);
        _last = found;
        return found;
    }

    /// <summary>
    /// The end of the period that contains an instant, as a date and time of the time zone, with its offset. The last one is
    /// remembered, because every decision says it.
    /// </summary>
    public DateTimeOffset EndAt(long instant)
    {
        var period = At(instant);
        if (_lastEnd is { } last && ReferenceEquals(last.Period, period))
        {
            return last.End;
        }

        var end = FromMicroseconds(period.End).InZone(_zone).ToDateTimeOffset();
        _lastEnd = new LocalEnd(period, end);
        return end;
    }

    public bool Equals(CalendarSchedule? other) =>
        other is not null
        && Unit == other.Unit
        && TimeZone == other.TimeZone
        && Anchor == other.Anchor;

    public override bool Equals(object? obj) => Equals(obj as CalendarSchedule);

    public override int GetHashCode() => HashCode.Combine(Unit, TimeZone, Anchor);

    private CalendarPeriod Find(long instant)
    {
        if (Unit == CalendarUnit.Hour)
        {
            var interval = IntervalAt(instant);
            var hour = HourAt(instant, interval);
            return new CalendarPeriod(HourStart(hour, interval), HourEnd(hour, interval));
        }

        // Near a change of the clock, the local time may be on the other side of a start than the instant.
        var index = ApproximateIndex(instant);
        while (Start(index) > instant)
        {
            index--;
        }

        while (Start(index + 1) <= instant)
        {
            index++;
        }

        return new CalendarPeriod(Start(index), Start(index + 1));
    }

    /// <summary>The period that contains an instant, the one before it and the one after it.</summary>
    public CalendarPeriods Around(long instant)
    {
        var current = At(instant);
        return new CalendarPeriods(At(current.Start - 1), current, At(current.End));
    }

    /// <summary>The index of the period, counted from the anchor, or of the next one.</summary>
    private int ApproximateIndex(long instant)
    {
        var date = FromMicroseconds(instant).InZone(_zone).Date;
        var anchor = _anchor.Date;
        return _months > 0
            ? (int)FloorDivide((date.Year - anchor.Year) * 12 + date.Month - anchor.Month, _months)
            : (int)FloorDivide(Period.DaysBetween(anchor, date), _days);
    }

    private long Start(int index) =>
        ToMicroseconds(
            _zone
                .ResolveLocal(
                    _months > 0
                        ? _anchor.PlusMonths(index * _months)
                        : _anchor.PlusDays(index * _days),
                    FirstMoment
                )
                .ToInstant()
        );

    private long HourStart(long hour, ZoneInterval interval)
    {
        var start = HourLength * hour - Shift(interval);
        if (!interval.HasStart || start >= ToMicroseconds(interval.Start))
        {
            return start;
        }

        var change = ToMicroseconds(interval.Start);
        var before = IntervalAt(change - 1);
        return before.WallOffset <= interval.WallOffset && HourAt(change - 1, before) == hour
            ? HourStart(hour, before)
            : change;
    }

    private long HourEnd(long hour, ZoneInterval interval)
    {
        var end = HourLength * (hour + 1) - Shift(interval);
        if (!interval.HasEnd || end <= ToMicroseconds(interval.End))
        {
            return end;
        }

        var change = ToMicroseconds(interval.End);
        var after = IntervalAt(change);
        return after.WallOffset >= interval.WallOffset && HourAt(change, after) == hour
            ? HourEnd(hour, after)
            : change;
    }

    /// <summary>The hour that the wall clock shows, as a number that grows by one with each hour.</summary>
    private long HourAt(long instant, ZoneInterval interval) =>
        FloorDivide(instant + Shift(interval), HourLength);

    /// <summary>What is added to an instant so that hours begin at the multiples of their length.</summary>
    private long Shift(ZoneInterval interval) =>
        (interval.WallOffset.Ticks - _anchor.TickOfDay) / TimeSpan.TicksPerMicrosecond;

    private ZoneInterval IntervalAt(long instant) =>
        _zone.GetZoneInterval(FromMicroseconds(instant));

    private static Instant FromMicroseconds(long instant) =>
        Instant.FromUnixTimeTicks(instant * TimeSpan.TicksPerMicrosecond);

    private static long ToMicroseconds(Instant instant) =>
        instant.ToUnixTimeTicks() / TimeSpan.TicksPerMicrosecond;

    private static long FloorDivide(long dividend, long divisor) =>
        dividend / divisor - (dividend % divisor < 0 ? 1 : 0);

    private sealed record LocalEnd(CalendarPeriod Period, DateTimeOffset End);
}
