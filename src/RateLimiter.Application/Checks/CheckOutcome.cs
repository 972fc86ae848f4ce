using System.Diagnostics;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>The outcome of a check or of a batch.</summary>
/// <param name="Result">The result; null when <paramref name="RetryAfter"/> is set.</param>
/// <param name="RetryAfter">How long the client has to wait when it exceeded its quota of checks; else null.</param>
/// <param name="Problem">Why the check cannot be decided; else null.</param>
public readonly record struct CheckOutcome<TResult>(
    TResult? Result,
    TimeSpan? RetryAfter = null,
    CheckProblem? Problem = null
)
    where TResult : class;

internal static class CheckOutcome
{
    /// <summary>The decision, or why nothing was decided.</summary>
    public static CheckOutcome<Decision> Of(Decision decision) =>
        decision.Kind switch
        {
            DecisionKind.KeyReused => new(null, Problem: new CheckProblem.KeyReused()),
            DecisionKind.TooManyReservations or DecisionKind.TooManyReservationsOfClient => new(
                null,
                Problem: new CheckProblem.TooManyReservations(
                    OfClient: decision.Kind == DecisionKind.TooManyReservationsOfClient
                )
            ),
            DecisionKind.New or DecisionKind.Replayed => new(decision),
            _ => throw new UnreachableException(),
        };
}

/// <summary>The outcome of one check of a batch: a decision, or why there is none.</summary>
public readonly record struct CheckEachOutcome(Decision? Decision, CheckProblem? Problem);
