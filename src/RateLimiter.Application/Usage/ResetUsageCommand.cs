using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Usage;

/// <summary>Resets the counters of exactly the subjects that are named.</summary>
/// <param name="Client">The client that makes the request.</param>
/// <param name="Usage">What is reset; <c>*</c> is a user like any other.</param>
/// <param name="Limit">The name of the only limit that is reset; null for all.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record ResetUsageCommand(
    ClientSnapshot Client,
    UsageKey Usage,
    string? Limit = null,
    TimeSpan Waited = default
) : IRequest<CheckProblem?>;

/// <summary>Returns why nothing was reset, or null.</summary>
internal sealed class ResetUsageHandler(
    ICounterStore counters,
    StoreFallback fallback,
    DecisionRecorder recorder
) : IRequestHandler<ResetUsageCommand, CheckProblem?>
{
    public async Task<CheckProblem?> Handle(
        ResetUsageCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, usage, limit, waited) = command;
        var (plan, problem) = CheckPlanner.PlanReset(client, usage, limit, waited);
        if (problem is not null)
        {
            return problem;
        }

        var resetAt = await counters.ResetAsync(plan, cancellationToken);
        fallback.Reset(plan);
        recorder.RecordChange(
            client.Id,
            LogEntry.OfChange(
                LogEntryKind.Reset,
                new Check(usage.UserId ?? LogEntry.NoUser, usage.RouteKey, usage.Role, Cost: 0)
                {
                    Subjects = usage.Subjects,
                },
                Decision.From(
                    plan,
                    [.. plan.Limits.Select(it => new LimitStatus(0, it.Capacity, 0, 0))],
                    resetAt
                )
            ) with
            {
                ResetLimit = limit,
            }
        );
        return null;
    }
}
