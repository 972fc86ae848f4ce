using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>What the subjects were given, beside what their limits give.</summary>
/// <param name="answers">All answers.</param>
/// <param name="start">A time before the first request.</param>
internal sealed class Permits(IReadOnlyList<Answer> answers, long start)
{
    // A clock and a bucket may differ by a little.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    private readonly List<Account> accounts =
    [
        .. answers
            .SelectMany(answer =>
                answer.Checks.Where(check => check.Outcome.Allowed).Select(check => (answer, check))
            )
            .GroupBy(
                allowed => allowed.check.Subject,
                allowed => (allowed.answer, allowed.check.Outcome.Degraded)
            )
            .Select(subject => new Account(
                subject.Key,
                (long)
                    Math.Floor(
                        subject.Key.MostPermits(
                            Stopwatch.GetElapsedTime(start, subject.Last().answer.Completed)
                                + Margin
                        )
                    ),
                [.. subject]
            )),
    ];

    public int Subjects => accounts.Count;

    /// <summary>Those who got all that their limits give, so that more would be noticed.</summary>
    public int Full => accounts.Count(account => account.Exact >= account.Most);

    /// <summary>Those to whom the store itself gave more than their limits give.</summary>
    public IEnumerable<string> Violations =>
        accounts
            .Where(account => account.Exact > account.Most)
            .Select(account => $"{account.Subject} got {account.Exact} of {account.Most}");

    /// <summary>
    /// The permits that were given without the store during a strike and are more than the limit, to subjects with a long
    /// window. Permits that the store gave are within the limit, whenever they came.
    /// </summary>
    public long CountAbove(Func<Answer, bool> isDuring, string? onStoreFailure) =>
        accounts
            .Where(account =>
                account.Subject.IsExact && account.Subject.Tenant.OnStoreFailure == onStoreFailure
            )
            .Sum(account => account.DegradedAbove.Count(isDuring));

    /// <param name="Subject">Who.</param>
    /// <param name="Most">The most that the limits give.</param>
    /// <param name="Allowed">The answers that allowed a check, in the order in which they came.</param>
    private sealed record Account(
        Subject Subject,
        long Most,
        IReadOnlyList<(Answer Answer, bool Degraded)> Allowed
    )
    {
        public long Exact => Allowed.Count(one => !one.Degraded);

        /// <summary>As many as are too many; the last ones.</summary>
        public IEnumerable<Answer> DegradedAbove =>
            Allowed
                .Where(one => one.Degraded)
                .TakeLast((int)Math.Max(0, Allowed.Count - Most))
                .Select(one => one.Answer);
    }
}
