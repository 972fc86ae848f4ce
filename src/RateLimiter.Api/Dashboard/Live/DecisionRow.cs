using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Dashboard.Live;

/// <summary>A line of a list of decisions.</summary>
public abstract record DecisionRow
{
    /// <param name="Decision">What was decided.</param>
    public sealed record Made(LoggedDecision Decision) : DecisionRow;

    /// <summary>Some are missing here.</summary>
    /// <param name="Count">How many; null when nobody knows.</param>
    public sealed record Gap(long? Count) : DecisionRow;
}
