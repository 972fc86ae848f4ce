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

    // Counts in one period have no meaning in another.
    protected override bool KeepsCountersOf(Limit earlier) =>
        earlier is CalendarLimit other && other.Schedule.Equals(Schedule);
}
