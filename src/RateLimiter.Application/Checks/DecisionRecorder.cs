using RateLimiter.Application.Analytics;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Logs a decision, counts it for analytics and measures it. This is the only place that does any of the three. A change of
/// counters that no check made is logged only.
/// </summary>
public sealed class DecisionRecorder(
    IDecisionLog log,
    IAnalytics analytics,
    DecisionMetrics metrics
)
{
    /// <param name="client">The client whose log and analytics are written.</param>
    /// <param name="check">The check.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="took">How long the decision took, including waits for the store.</param>
    /// <param name="terms">How its permits are held; null when they are taken for good.</param>
    public void Record(
        ClientId client,
        in Check check,
        Decision decision,
        TimeSpan took,
        ReservationTerms? terms = null
    )
    {
        var entry = LogEntry.From(check, decision, terms);
        log.Record(client, entry);
        analytics.Record(client, decision.Policy, entry, took);
        metrics.Record(decision, took);
    }

    /// <param name="client">The client whose log is written.</param>
    /// <param name="change">The entry for a change of counters.</param>
    public void RecordChange(ClientId client, LogEntry change) => log.Record(client, change);
}
