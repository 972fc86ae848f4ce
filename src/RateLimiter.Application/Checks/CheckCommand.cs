using MediatR;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Checks;

/// <summary>May this user do this now? A permit that is there is taken.</summary>
/// <param name="Client">The client that asks.</param>
/// <param name="Check">What it asks.</param>
/// <param name="Waited">How long the store was waited for, to find out who asks.</param>
public sealed record CheckCommand(ClientSnapshot Client, Check Check, TimeSpan Waited = default)
    : IRequest<CheckOutcome<Decision>>;

/// <summary>Answers with the decision, or with null when no policy applies.</summary>
internal sealed class CheckHandler(
    ICounterStore counters,
    StoreFallback fallback,
    CheckQuota quota,
    IDecisionLog log,
    IAnalytics analytics,
    DecisionMetrics metrics,
    TimeProvider time
) : IRequestHandler<CheckCommand, CheckOutcome<Decision>>
{
    public async Task<CheckOutcome<Decision>> Handle(
        CheckCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, check, waited) = command;
        if (quota.Acquire(client.Id, checks: 1) is { } wait)
        {
            return new CheckOutcome<Decision>(null, wait);
        }

        if (client.Policies.Resolve(check.RouteKey, check.Role) is not { } policy)
        {
            return default;
        }

        var start = time.GetTimestamp();
        Decision decision;
        if (policy.Definition.IsActive)
        {
            var request = PermitRequest.For(
                client.Id,
                policy,
                check.UserId,
                check.RouteKey,
                check.Cost,
                waited
            );
            decision =
                await counters.AcquireAsync(request, cancellationToken) ?? fallback.Decide(request);
        }
        else
        {
            decision = Decision.Inactive(policy, time.GetUtcNow());
        }

        var took = time.GetElapsedTime(start);
        var logged = LoggedDecision.From(check, decision);
        log.Record(client.Id, logged);
        analytics.Record(client.Id, policy.Key, logged, took);
        metrics.Record(decision, took);
        return new CheckOutcome<Decision>(decision);
    }
}
