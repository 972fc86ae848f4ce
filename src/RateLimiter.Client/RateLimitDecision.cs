using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>The decision of a check.</summary>
public sealed record RateLimitDecision
{
    private const long MaxMilliseconds = long.MaxValue / TimeSpan.TicksPerMillisecond;

    /// <summary>Whether the check is allowed; if so, its permits are taken.</summary>
    public required bool Allowed { get; init; }

    /// <summary>
    /// The permits that the caller may use: the cost when allowed, or fewer with <see cref="RateLimitCheck.MinCost"/>; 0 when
    /// denied.
    /// </summary>
    public long Granted { get; init; }

    /// <summary>
    /// The remaining permits, never negative; with several limits, those of the limit with the fewest remaining.
    /// </summary>
    public required long Remaining { get; init; }

    /// <summary>The permits per window of the limit that these figures belong to.</summary>
    public required long Limit { get; init; }

    /// <summary>The most permits that can be available at once: the burst of a bucket, else <see cref="Limit"/>.</summary>
    public required long Capacity { get; init; }

    /// <summary>The time until all permits are available again, in whole seconds.</summary>
    public required TimeSpan ResetIn { get; init; }

    /// <summary>
    /// When the period of a calendar limit ends, with the offset of its time zone; null when the figures are those of another limit.
    /// </summary>
    public DateTimeOffset? ResetsAt { get; init; }

    /// <summary>The time until the same check would pass; null when allowed, and when no wait helps.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The reason for a denial; null when allowed, unless the policy is inactive or none of its limits applies.</summary>
    public string? Reason { get; init; }

    /// <summary>The role of the policy that decided.</summary>
    public required string MatchedRole { get; init; }

    /// <summary>The route of the policy that decided; "*" is the catch-all's.</summary>
    public required string MatchedRoute { get; init; }

    /// <summary>Allowed only because the policy is in shadow mode.</summary>
    public bool ShadowDenied { get; init; }

    /// <summary>Decided by the service without its store, by the policy's mode for store failures.</summary>
    public bool Degraded { get; init; }

    /// <summary>
    /// Denied only because the service's store is unavailable and the policy fails closed. No limit was reached, the figures
    /// were not counted, and the same check may pass at any moment: respond to the user with 503, and not with 429.
    /// </summary>
    public bool IsFailClosed => Degraded && !Allowed && Violated.Count == 0;

    /// <summary>The names of the limits that denied the check.</summary>
    public IReadOnlyList<string> Violated { get; init; } = [];

    /// <summary>Whether this process decided by itself, from a cached denial.</summary>
    public bool IsLocal { get; init; }

    /// <returns>Null when the response is not a decision: every decision names its policy.</returns>
    internal static RateLimitDecision? From(DecisionResponse answer) =>
        answer is { MatchedRoute: not null, MatchedRole: not null, Violated: not null }
            ? new()
            {
                Allowed = answer.Allowed,
                Granted = answer.Granted,
                Remaining = answer.Remaining,
                Limit = answer.Limit,
                Capacity = answer.Capacity,
                ResetIn = TimeSpan.FromSeconds(answer.ResetIn),
                ResetsAt = answer.ResetsAt,
                RetryAfter = Wait(answer.RetryAfterMs),
                Reason = answer.Reason,
                MatchedRole = answer.MatchedRole,
                MatchedRoute = answer.MatchedRoute,
                ShadowDenied = answer.ShadowDenied,
                Degraded = answer.Degraded,
                Violated = answer.Violated,
            }
            : null;

    /// <returns>Null when the result is an error.</returns>
    internal static RateLimitDecision? From(CheckBatchResult answer) =>
        answer is { Error: null, Allowed: { } allowed }
            ? new()
            {
                Allowed = allowed,
                Granted = answer.Granted ?? 0,
                Remaining = answer.Remaining ?? 0,
                Limit = answer.Limit ?? 0,
                Capacity = answer.Capacity ?? 0,
                ResetIn = TimeSpan.FromSeconds(answer.ResetIn ?? 0),
                ResetsAt = answer.ResetsAt,
                RetryAfter = Wait(answer.RetryAfterMs),
                Reason = answer.Reason,
                MatchedRole = answer.MatchedRole ?? "",
                MatchedRoute = answer.MatchedRoute ?? "",
                ShadowDenied = answer.ShadowDenied ?? false,
                Degraded = answer.Degraded ?? false,
                Violated = answer.Violated ?? [],
            }
            : null;

    private static TimeSpan? Wait(long? milliseconds) =>
        milliseconds is { } wait
            ? TimeSpan.FromTicks(Math.Min(wait, MaxMilliseconds) * TimeSpan.TicksPerMillisecond)
            : null;
}
