using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>Compares the permits that the subjects were given with those that their limits give.</summary>
/// <param name="answers">All responses.</param>
/// <param name="start">A time before the first request.</param>
internal sealed class Permits(IReadOnlyList<Answer> answers, long start)
{
    // Clocks and buckets may differ by a little.
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

    /// <summary>The number of subjects that got all permits of their limits, so that more would be noticed.</summary>
    public int Full => accounts.Count(account => account.Exact >= account.Most);

    /// <summary>The subjects to which the store itself gave more than their limits give.</summary>
    public IEnumerable<string> Violations =>
        accounts
            .Where(account => account.Exact > account.Most)
            .Select(account => $"{account.Subject} got {account.Exact} of {account.Most}");

    /// <summary>
    /// The permits that were given without the store during a strike and exceed the limit, to subjects with a long
    /// window. Permits that the store gave are within the limit, whenever they were given.
    /// </summary>
    public long CountAbove(Func<Answer, bool> isDuring, string? onStoreFailure) =>
        accounts
            .Where(account =>
                account.Subject.IsExact && account.Subject.Tenant.OnStoreFailure == onStoreFailure
            )
            .Sum(account => account.DegradedAbove.Count(isDuring));

    /// <param name="Subject">The subject.</param>
    /// <param name="Most">The most that the limits give.</param>
    /// <param name="Allowed">The responses that allowed a check, in the order of their arrival.</param>
    private sealed record Account(
        Subject Subject,
        long Most,
        IReadOnlyList<(Answer Answer, bool Degraded)> Allowed
    )
    {
        public long Exact => Allowed.Count(one => !one.Degraded);

        /// <summary>The responses that exceed the limit; the last ones.</summary>
        public IEnumerable<Answer> DegradedAbove =>
            Allowed
                .Where(one => one.Degraded)
                .TakeLast((int)Math.Max(0, Allowed.Count - Most))
                .Select(one => one.Answer);
    }
}
