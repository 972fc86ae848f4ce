using System.Text.Json.Serialization;
using RateLimiter.Api.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Usage;

/// <summary>How things stand now, and in allowed, reason, retry_after and violated what a check of cost 1 would be answered.</summary>
public sealed record UsageResponse : DecisionResponse
{
    private UsageResponse(DecisionResponse answer)
        : base(answer) { }

    /// <summary>The permits of the capacity that are in use, rounded up.</summary>
    [JsonPropertyOrder(1)]
    public required long Used { get; init; }

    /// <summary>How each limit of the policy stands.</summary>
    [JsonPropertyOrder(2)]
    public required IReadOnlyList<LimitUsageResponse> Limits { get; init; }

    internal static new UsageResponse From(Decision decision) =>
        new(DecisionResponse.From(decision))
        {
            Used = decision.Used,
            Limits =
            [
                .. decision.Policy.Limits.Zip(
                    decision.Statuses,
                    (limit, status) =>
                        new LimitUsageResponse(
                            limit.Name,
                            limit.Permits,
                            limit.Capacity,
                            status.Used,
                            status.Remaining,
                            TimeSpan.FromMicroseconds(status.Reset).RoundUp(TimeSpan.TicksPerSecond)
                        )
                ),
            ],
        };
}

/// <param name="Name">The limit.</param>
/// <param name="Limit">Its permits per window.</param>
/// <param name="Capacity">The most permits that can be left at once: the burst of a bucket, else the limit.</param>
/// <param name="Used">Those in use, rounded up.</param>
/// <param name="Remaining">Those that are left of the capacity, never negative.</param>
/// <param name="ResetIn">Seconds until all are back, rounded up; 0 when they are.</param>
public sealed record LimitUsageResponse(
    string Name,
    long Limit,
    long Capacity,
    long Used,
    long Remaining,
    long ResetIn
);
