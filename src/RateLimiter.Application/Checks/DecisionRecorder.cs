using RateLimiter.Application.Analytics;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Logs a decision, counts it for analytics and measures it. This is the only place that does any of the three.
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
    public void Record(ClientId client, in Check check, Decision decision, TimeSpan took)
    {
        var logged = LoggedDecision.From(check, decision);
        log.Record(client, logged);
        analytics.Record(client, decision.Policy.Key, logged, took);
        metrics.Record(decision, took);
    }
}
