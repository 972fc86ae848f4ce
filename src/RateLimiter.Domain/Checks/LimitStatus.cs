namespace RateLimiter.Domain.Checks;

/// <summary>What a counter says of one limit. All of it comes from one look at the counter.</summary>
/// <param name="Wait">
/// How long until this check would pass, in microseconds; 0 when it passes now, <see cref="Never"/> when no wait helps.
/// </param>
/// <param name="Remaining">The permits left now, after what the check took, never negative.</param>
/// <param name="Reset">How long until all permits are back, in microseconds; 0 when they are.</param>
/// <param name="Used">The permits in use before the check.</param>
public readonly record struct LimitStatus(long Wait, long Remaining, long Reset, long Used)
{
    public const long Never = -1;

    /// <summary>The same so many microseconds later, when nothing was taken and nothing came back meanwhile.</summary>
    internal LimitStatus After(long microseconds) =>
        this with
        {
            Wait = Wait > 0 ? Wait - microseconds : Wait,
            Reset = Math.Max(0, Reset - microseconds),
        };
}
