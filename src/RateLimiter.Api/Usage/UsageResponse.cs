using System.Text.Json.Serialization;
using RateLimiter.Api.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Usage;

/// <summary>What a check of cost 1 would be answered now, and what is used.</summary>
public sealed record UsageResponse : DecisionResponse
{
    private UsageResponse(DecisionResponse answer)
        : base(answer) { }

    /// <summary>The permits in use now of the limit in <c>limit</c>, rounded up.</summary>
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
/// <param name="Used">Those in use now, rounded up.</param>
/// <param name="Remaining">Those that a check of cost 1 would leave.</param>
/// <param name="ResetIn">Seconds until all would be back, rounded up.</param>
public sealed record LimitUsageResponse(
    string Name,
    long Limit,
    long Used,
    long Remaining,
    long ResetIn
);
