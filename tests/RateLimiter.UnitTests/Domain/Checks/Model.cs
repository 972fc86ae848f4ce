using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Checks;

/// <summary>One subject's counters. Times are microseconds after the start of a window and of an hour.</summary>
internal sealed class Model(params Limit[] limits)
{
    public const long Second = 1_000_000;
    public const long Never = LimitStatus.Never;

    private const long Start = 1_699_999_200 * Second;

    private readonly Counter[] counters =
    [
        .. limits.Select(limit => Counter.Create(limit.Algorithm)),
    ];

    public LimitStatus Take(long at, long cost = 1) => TakeAll(at, cost)[0];

    public LimitStatus Give(long at, long cost) => GiveAll(at, cost)[0];

    public IReadOnlyList<LimitStatus> TakeAll(long at, long cost = 1) =>
        Counter.Acquire(counters, limits, Start + at, cost);

    public IReadOnlyList<LimitStatus> GiveAll(long at, long cost) =>
        Counter.Refund(counters, limits, Start + at, cost);

    /// <summary>Continues to count under another limit of the same algorithm.</summary>
    public void Change(Limit limit) => limits = [limit];
}
