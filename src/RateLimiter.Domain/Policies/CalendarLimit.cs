namespace RateLimiter.Domain.Policies;

/// <summary>A number of permits in a period of a calendar, such as a month in the time zone of the payer.</summary>
public sealed record CalendarLimit : Limit
{
    /// <param name="name">Its name.</param>
    /// <param name="permits">0 to <see cref="Limit.MaxPermits"/>.</param>
    /// <param name="schedule">When its periods begin.</param>
    public CalendarLimit(string name, long permits, CalendarSchedule schedule)
        : base(name, Algorithm.Calendar, permits) => Schedule = schedule;

    /// <summary>When its periods begin.</summary>
    public CalendarSchedule Schedule { get; }

    public override long Capacity => Permits;

    public override TimeSpan LongestWindow => Schedule.LongestPeriod;

    /// <summary>When the period of a counter ends, as a date and time of its time zone.</summary>
    /// <param name="now">The time.</param>
    /// <param name="reset">
    /// The microseconds until all permits of the counter are back; 0 when none is used. When the clock was set back over the start of
    /// a period that goes on, this is longer than the present period.
    /// </param>
    public DateTimeOffset ResetsAt(DateTimeOffset now, long reset)
    {
        var microseconds = (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return Schedule.EndAt(microseconds + Math.Max(0, reset - 1));
    }

    // Counts in one period have no meaning in another.
    protected override bool KeepsCountersOf(Limit earlier) =>
        earlier is CalendarLimit other && other.Schedule.Equals(Schedule);
}
