using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>Why a check cannot be decided.</summary>
public abstract record CheckProblem
{
    private CheckProblem() { }

    /// <summary>No policy applies to the route and role.</summary>
    public sealed record NoPolicy : CheckProblem;

    /// <summary>The policy has a concurrency limit, so that it can only be asked for reservations.</summary>
    public sealed record OnlyReservations : CheckProblem;

    /// <summary>The check lacks subjects of limits that reject it then.</summary>
    /// <param name="Limits">Each missing subject, with the name of the first limit that needs it.</param>
    public sealed record SubjectsMissing(IReadOnlyDictionary<string, string> Limits) : CheckProblem
    {
        /// <summary>The errors by field.</summary>
        /// <param name="field">The field of a subject, by its name.</param>
        public Dictionary<string, string[]> Errors(Func<string, string> field) =>
            Limits.ToDictionary(
                missing => field(missing.Key),
                missing => (string[])[$"is required by the limit {missing.Value}"]
            );
    }

    /// <summary>An earlier call with the same idempotency key asked for something else.</summary>
    public sealed record KeyReused : CheckProblem;

    /// <summary>The client used too many idempotency keys.</summary>
    /// <param name="RetryAfter">How long to wait.</param>
    public sealed record TooManyKeys(TimeSpan RetryAfter) : CheckProblem;

    /// <summary>As many reservations are open as may be.</summary>
    /// <param name="OfClient">Whether of the client; else of a counter.</param>
    public sealed record TooManyReservations(bool OfClient) : CheckProblem;

    /// <summary>A look names no subject, and no limit is one for all.</summary>
    public sealed record NobodyNamed : CheckProblem;

    /// <summary>No limit of the policy has exactly the subjects that are named.</summary>
    /// <param name="Usage">The subjects.</param>
    /// <param name="Limit">The name of the limit that was asked for; null for any.</param>
    public sealed record NoSuchLimit(UsageKey Usage, string? Limit) : CheckProblem;
}

/// <summary>A plan, or why there is none.</summary>
/// <param name="Plan">The plan; only when there is no problem.</param>
/// <param name="Problem">Why there is no plan; null when there is one.</param>
public readonly record struct Planned(CheckPlan Plan, CheckProblem? Problem = null);
