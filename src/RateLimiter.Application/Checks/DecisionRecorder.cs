using RateLimiter.Application.Analytics;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>Logs a decision, counts it for analytics and measures it. Nothing else does any of the three.</summary>
public sealed class DecisionRecorder(
    IDecisionLog log,
    IAnalytics analytics,
    DecisionMetrics metrics
)
{
    /// <param name="client">Whose log and analytics.</param>
    /// <param name="check">What was asked.</param>
    /// <param name="decision">What was decided.</param>
    /// <param name="took">How long the decision took, waits for the store included.</param>
    public void Record(ClientId client, in Check check, Decision decision, TimeSpan took)
    {
        var logged = LoggedDecision.From(check, decision);
        log.Record(client, logged);
        analytics.Record(client, decision.Policy.Key, logged, took);
        metrics.Record(decision, took);
    }
}
