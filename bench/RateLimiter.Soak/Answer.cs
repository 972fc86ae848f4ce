using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>The result of one check.</summary>
/// <param name="Status">The status of its response, alone or in a batch; 0 when there was none.</param>
/// <param name="Allowed">Whether it was allowed.</param>
/// <param name="Degraded">Whether it was decided without the store.</param>
/// <param name="Remaining">The permits left.</param>
internal readonly record struct Outcome(
    int Status,
    bool Allowed = false,
    bool Degraded = false,
    long Remaining = 0
)
{
    public const int NoAnswer = 0;

    /// <summary>Whether the store made the decision, or an earlier decision of the store still holds.</summary>
    public bool IsExact => Status == 200 && !Degraded;
}

/// <summary>A request and its response. Times are ticks of the stopwatch.</summary>
/// <param name="Subjects">The checked subjects: one, or those of a batch.</param>
/// <param name="Outcomes">One for each subject.</param>
/// <param name="Instance">The instance that received the request.</param>
/// <param name="Due">When it should have been sent.</param>
/// <param name="Completed">When its response had arrived.</param>
internal sealed record Answer(
    IReadOnlyList<Subject> Subjects,
    IReadOnlyList<Outcome> Outcomes,
    int Instance,
    long Due,
    long Completed
)
{
    public bool IsBatch => Subjects.Count > 1;

    public Tenant Tenant => Subjects[0].Tenant;

    /// <summary>
    /// Measured from when it should have been sent, so that a stall delays all requests that fall into it.
    /// </summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(Due, Completed);

    /// <summary>Whether the store was certainly asked: a denial may have been cached.</summary>
    public bool ShowsStore => Outcomes.Any(outcome => outcome is { IsExact: true, Allowed: true });

    public IEnumerable<(Subject Subject, Outcome Outcome)> Checks => Subjects.Zip(Outcomes);
}
