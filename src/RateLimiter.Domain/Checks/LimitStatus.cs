namespace RateLimiter.Domain.Checks;

/// <summary>The state of one limit. All values come from one read of its counter.</summary>
/// <param name="Wait">
/// The time until this check would pass, in microseconds; 0 when it passes now, <see cref="Never"/> when no wait helps.
/// </param>
/// <param name="Remaining">The permits that remain after the check took its cost, never negative.</param>
/// <param name="Reset">The time until all permits are available again, in microseconds; 0 when they are.</param>
/// <param name="Used">The permits in use before the check.</param>
public readonly record struct LimitStatus(long Wait, long Remaining, long Reset, long Used)
{
    public const long Never = -1;

    /// <summary>The status after some microseconds in which no permits were taken or given back.</summary>
    internal LimitStatus After(long microseconds) =>
        this with
        {
            Wait = Wait > 0 ? Wait - microseconds : Wait,
            Reset = Math.Max(0, Reset - microseconds),
        };
}
