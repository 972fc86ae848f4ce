using System.Text.Json.Serialization;
using AutoMapper;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Overrides;
using RateLimiter.Application.Overrides;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Usage;

/// <summary>The current usage; allowed, reason, retry_after and violated are those of a check of cost 1.</summary>
public sealed record UsageResponse : DecisionResponse
{
    private UsageResponse(DecisionResponse answer)
        : base(answer) { }

    /// <summary>The used permits of the capacity, rounded up.</summary>
    [JsonPropertyOrder(1)]
    public required long Used { get; init; }

    /// <summary>The usage of each limit of the policy.</summary>
    [JsonPropertyOrder(2)]
    public required IReadOnlyList<LimitUsageResponse> Limits { get; init; }

    /// <summary>
    /// With explain: the overrides that match, in the order in which they decide. The first that has not ended decides.
    /// </summary>
    [JsonPropertyOrder(3)]
    public IReadOnlyList<ConsideredOverrideResponse>? Considered { get; init; }

    internal static new UsageResponse From(Decision decision) =>
        new(DecisionResponse.From(decision))
        {
            Used = decision.Used,
            Limits =
            [
                .. decision.Limits.Zip(
                    decision.Statuses,
                    (limit, status) =>
                        new LimitUsageResponse(
                            limit.Name,
                            limit.Per,
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

/// <summary>An override that matches.</summary>
public sealed record ConsideredOverrideResponse
{
    /// <summary>The override.</summary>
    public required OverrideResponse Override { get; init; }

    /// <summary>Whether it has ended.</summary>
    public required bool HasEnded { get; init; }

    /// <summary>Whether it decides.</summary>
    public required bool Decides { get; init; }
}

internal sealed class ConsideredOverrideProfile : Profile
{
    public ConsideredOverrideProfile() =>
        CreateMap<ConsideredOverride, ConsideredOverrideResponse>();
}

/// <param name="Name">The name of the limit.</param>
/// <param name="Per">The subjects whose counter it has.</param>
/// <param name="Limit">Its permits per window.</param>
/// <param name="Capacity">The maximum of remaining permits: the burst of a bucket, otherwise the limit.</param>
/// <param name="Used">The used permits, rounded up.</param>
/// <param name="Remaining">The remaining permits of the capacity, never negative.</param>
/// <param name="ResetIn">Seconds until all permits are replenished, rounded up; 0 when none is used.</param>
public sealed record LimitUsageResponse(
    string Name,
    IReadOnlyList<string> Per,
    long Limit,
    long Capacity,
    long Used,
    long Remaining,
    long ResetIn
);
