using MediatR;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Checks;

/// <summary>Many checks at once, each decided on its own, in their order.</summary>
/// <param name="Client">The client that asks.</param>
/// <param name="Checks">What it asks.</param>
public sealed record CheckEachCommand(ClientSnapshot Client, IReadOnlyList<Check> Checks)
    : IRequest<IReadOnlyList<CheckOutcome>>;

/// <summary>What came of one of many checks.</summary>
/// <param name="Decision">The decision; null when there is none.</param>
/// <param name="IsPolicyMissing">There is none because no policy applies, not because the store did not answer.</param>
public readonly record struct CheckOutcome(Decision? Decision, bool IsPolicyMissing);

/// <summary>Answers with one outcome for each check.</summary>
internal sealed class CheckEachHandler(ICounterStore counters, IDecisionLog log, TimeProvider time)
    : IRequestHandler<CheckEachCommand, IReadOnlyList<CheckOutcome>>
{
    public async Task<IReadOnlyList<CheckOutcome>> Handle(
        CheckEachCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, checks) = command;
        var outcomes = new CheckOutcome[checks.Count];
        var requests = new List<PermitRequest>(checks.Count);
        var asked = new List<int>(checks.Count);
        for (var i = 0; i < checks.Count; i++)
        {
            var check = checks[i];
            var policy = client.Policies.Resolve(check.RouteKey, check.Role);
            if (policy is { Definition.IsActive: true })
            {
                requests.Add(
                    PermitRequest.For(client.Id, policy, check.UserId, check.RouteKey, check.Cost)
                );
                asked.Add(i);
            }
            else
            {
                outcomes[i] = policy is null
                    ? new CheckOutcome(null, IsPolicyMissing: true)
                    : new CheckOutcome(Decision.Inactive(policy, time.GetUtcNow()), false);
            }
        }

        var decisions = await counters.TakeEachAsync(requests, cancellationToken);
        for (var i = 0; i < asked.Count; i++)
        {
            outcomes[asked[i]] = new CheckOutcome(decisions[i], IsPolicyMissing: false);
        }

        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i].Decision is { } decision)
            {
                log.Record(client.Id, LoggedDecision.From(checks[i], decision));
            }
        }

        return outcomes;
    }
}
