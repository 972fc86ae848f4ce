using RateLimiter.Domain.Checks;

namespace RateLimiter.Dashboard.Live;

/// <summary>A row of a list of decisions.</summary>
public abstract record DecisionRow
{
    /// <param name="Decision">The decision.</param>
    public sealed record Made(LogEntry Decision) : DecisionRow;

    /// <summary>A gap: some decisions are missing.</summary>
    /// <param name="Count">The number of missing decisions; null when it is unknown.</param>
    public sealed record Gap(long? Count) : DecisionRow;
}
