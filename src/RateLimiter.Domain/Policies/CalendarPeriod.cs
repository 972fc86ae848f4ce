namespace RateLimiter.Domain.Policies;

/// <summary>A period of a calendar, in microseconds since the Unix epoch.</summary>
/// <param name="Start">The first microsecond of the period.</param>
/// <param name="End">The first microsecond after the period, which is the start of the next one.</param>
public sealed record CalendarPeriod(long Start, long End);

/// <summary>
/// Three consecutive periods. A store whose clock differs from that of the instance finds the period of its own time among them.
/// </summary>
public readonly record struct CalendarPeriods(
    CalendarPeriod Previous,
    CalendarPeriod Current,
    CalendarPeriod Next
);
