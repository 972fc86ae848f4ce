using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// The work that a check causes in the store, in units of a check of one fixed window, which takes about 15 µs. A call
/// is bounded by its work and not by the number of its checks, because the store serves no one else meanwhile.
/// </summary>
/// <remarks>
/// As measured (ADR 37). Every limit costs about the same, except that a sliding log costs more the longer it is
/// (<see cref="LimiterModule.Work"/>): a check of eight of the longest logs is 56 and has a call to itself.
/// </remarks>
internal static class CheckWork
{
    /// <summary>
    /// The most work in one call. More would delay other callers longer than it saves the store work.
    /// </summary>
    public const int MaxPerCall = 100;

    /// <summary>The work done for one tenant before the next one's turn.</summary>
    public const int Turn = MaxPerCall / 10;

    /// <summary>Never more than <see cref="MaxPerCall"/>.</summary>
    public static int Of(LimitList limits)
    {
        var work = 0;
        for (var i = 0; i < limits.Count; i++)
        {
            work += LimiterModule.Of(limits[i]).Work(limits[i]);
        }

        return work;
    }
}
