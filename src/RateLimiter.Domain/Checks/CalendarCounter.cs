using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>The permits of one period of a calendar, which are discarded when it ends.</summary>
/// <param name="Start">When the period began.</param>
/// <param name="Permits">The permits that were taken in it.</param>
internal sealed record CalendarCounter(long Start = 0, long Permits = 0) : Counter
{
    // When the clock steps back over the start of a period, that period goes on; a later one was begun by a wrong clock.
    protected override bool IsFromWrongClock(Limit limit, long now) =>
        Permits > 0 && Start > ScheduleOf(limit).At(now).End;

    protected override Counter At(Limit limit, long now) =>
        Used(limit, now) > 0 ? this : new CalendarCounter(ScheduleOf(limit).At(now).Start);

    protected override bool Allows(Limit limit, long now, long cost) =>
        Used(limit, now) + cost <= limit.Permits;

    protected override long Used(Limit limit, long now) =>
        Permits > 0 && now < ScheduleOf(limit).At(Start).End ? Permits : 0;

    protected override Counter Acquire(Limit limit, long now, long cost) =>
        this with
        {
            Permits = Permits + cost,
        };

    public override long Origin(Limit limit) => Start;

    protected override Counter Return(long cost, long origin) =>
        origin == Start ? Refund(cost) : this;

    protected override Counter Refund(long cost) =>
        this with
        {
            Permits = Math.Max(0, Permits - cost),
        };

    private static CalendarSchedule ScheduleOf(Limit limit) => ((CalendarLimit)limit).Schedule;
}
