using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// How much work the store has with a check, in what it has with one of a fixed window, which is some 15 µs. A call is
/// bounded by it and not by the number of its checks, because nobody else is answered meanwhile.
/// </summary>
/// <remarks>
/// As measured (ADR 37). Every limit costs about the same, only the log costs more the longer it is: of 10,000 permits 3
/// times as much in Redis, and up to 25 times in the embedded store, which walks along its lists. 7 is between them: a
/// check of eight such limits is 56 and has a call to itself.
/// </remarks>
internal static class CheckWork
{
    /// <summary>The most work in one call. More would make others wait for the store longer than they save it work.</summary>
    public const int MaxPerCall = 100;

    /// <summary>What a tenant gets done before others have their turn.</summary>
    public const int Turn = MaxPerCall / 10;

    private const int LoggedPermitsPerUnit = 1500;

    /// <summary>Never more than <see cref="MaxPerCall"/>.</summary>
    public static int Of(Policy policy)
    {
        var work = 0;
        for (var i = 0; i < policy.Limits.Count; i++)
        {
            work += Of(policy.Limits[i]);
        }

        return work;
    }

    private static int Of(Limit limit) =>
        limit.Algorithm == Algorithm.SlidingLog
            ? 1 + (int)(limit.Permits / LoggedPermitsPerUnit)
            : 1;
}
