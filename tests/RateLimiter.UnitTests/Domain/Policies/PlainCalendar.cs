using System.Globalization;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

/// <summary>
/// The periods of <see cref="CalendarSchedule"/>, computed a second time: by walking along a clock of the system's own
/// time-zone data. It needs clocks that are changed at quarters of an hour, and for hours anchors of whole minutes.
/// </summary>
internal sealed class PlainCalendar(TimeZoneInfo zone, CalendarUnit unit, string? anchor)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Quarter = TimeSpan.FromMinutes(15);

    private readonly DateTime _anchor = DateTime.Parse(
        anchor ?? "2001-01-01",
        CultureInfo.InvariantCulture
    );

    public CalendarPeriod At(long instant)
    {
        var now = DateTime.UnixEpoch.AddMicroseconds(instant);
        var (start, end) = unit == CalendarUnit.Hour ? Hour(now) : Longer(now);
        return new CalendarPeriod(Microseconds(start), Microseconds(end));
    }

    /// <summary>The next instant at which the clock is changed; null when it is not in 400 days.</summary>
    public static long? NextChange(TimeZoneInfo zone, long after)
    {
        var instant = DateTime.UnixEpoch.AddMicroseconds(after);
        instant -= TimeSpan.FromTicks(instant.Ticks % Quarter.Ticks);
        var end = instant.AddDays(400);
        while (instant < end && Offset(zone, instant) == Offset(zone, instant.AddDays(1)))
        {
            instant = instant.AddDays(1);
        }

        var before = Offset(zone, instant);
        while (instant < end && Offset(zone, instant) == before)
        {
            instant += Quarter;
        }

        return instant < end ? Microseconds(instant) : null;
    }

    /// <summary>The minutes around an instant in which the clock shows the same hour and is not set back.</summary>
    private (DateTime Start, DateTime End) Hour(DateTime now)
    {
        var start = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
        var end = start + Minute;
        while (AreOfOneHour(start - Minute, start))
        {
            start -= Minute;
        }

        while (AreOfOneHour(end - Minute, end))
        {
            end += Minute;
        }

        return (start, end);
    }

    private bool AreOfOneHour(DateTime minute, DateTime next) =>
        Local(minute) < Local(next)
        && Math.Floor((Local(minute) - _anchor).TotalHours)
            == Math.Floor((Local(next) - _anchor).TotalHours);

    /// <summary>Tries all starts that are near, and takes the last before the instant and the first after it.</summary>
    private (DateTime Start, DateTime End) Longer(DateTime now)
    {
        var days = unit switch
        {
            CalendarUnit.Day => 1,
            CalendarUnit.Week => 7,
            CalendarUnit.Month => 30.436875,
            CalendarUnit.Quarter => 91.310625,
            _ => 365.2425,
        };
        var near = (int)((now - _anchor).TotalDays / days);
        var starts = Enumerable
            .Range(near - 3, 7)
            .Select(index => FirstMoment(LocalStart(index)))
            .ToList();
        return (
            starts.Where(start => start <= now).Max(),
            starts.Where(start => start > now).Min()
        );
    }

    private DateTime LocalStart(int index) =>
        unit switch
        {
            CalendarUnit.Day => _anchor.AddDays(index),
            CalendarUnit.Week => _anchor.AddDays(7 * index),
            CalendarUnit.Month => _anchor.AddMonths(index),
            CalendarUnit.Quarter => _anchor.AddMonths(3 * index),
            _ => _anchor.AddYears(index),
        };

    /// <summary>The first instant at which the clock shows a time or a later one.</summary>
    private DateTime FirstMoment(DateTime local)
    {
        // No clock is ahead of UTC by more than 14 hours.
        var instant = DateTime.SpecifyKind(local.Date.AddHours(-15), DateTimeKind.Utc);
        while (Local(instant) + Quarter <= local)
        {
            instant += Quarter;
        }

        // The clock runs on within the quarter; only at its beginning can it have been set forward beyond the time.
        return Local(instant) < local ? instant + (local - Local(instant)) : instant;
    }

    private DateTime Local(DateTime instant) =>
        DateTime.SpecifyKind(instant + Offset(zone, instant), DateTimeKind.Unspecified);

    private static TimeSpan Offset(TimeZoneInfo zone, DateTime instant) =>
        zone.GetUtcOffset(instant);

    private static long Microseconds(DateTime instant) =>
        (instant - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
