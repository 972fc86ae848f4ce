using System.Text.Json.Serialization;
using AutoMapper;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Overrides;
using RateLimiter.Application.Overrides;
using RateLimiter.Application.Usage;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Usage;

/// <summary>The current usage; allowed, reason, retry_after and violated are those of a check of cost 1.</summary>
public sealed record UsageResponse : DecisionResponse
{
    private UsageResponse(DecisionResponse answer)
        : base(answer) { }

    /// <summary>The used permits of the capacity, rounded up.</summary>
    [JsonPropertyOrder(1)]
    public required long Used { get; init; }

    /// <summary>How many of them open reservations hold.</summary>
    [JsonPropertyOrder(1)]
    public required long Held { get; init; }

    /// <summary>The usage of each limit of the policy.</summary>
    [JsonPropertyOrder(2)]
    public required IReadOnlyList<LimitUsageResponse> Limits { get; init; }

    /// <summary>
    /// With explain: the overrides that match, in the order in which they decide. The first that has not ended decides.
    /// </summary>
    [JsonPropertyOrder(3)]
    public IReadOnlyList<ConsideredOverrideResponse>? Considered { get; init; }

    internal static UsageResponse From(UsageLook usage) =>
        new(DecisionResponse.From(usage.Decision))
        {
            Used = usage.Decision.Used,
            // Without any limit nothing is held.
            Held = usage.Held.ElementAtOrDefault(usage.Decision.Nearest),
            Limits =
            [
                .. usage.Decision.Limits.Select(
                    (limit, i) =>
                        LimitUsageResponse.From(
                            limit,
                            usage.Decision.Statuses[i],
                            usage.Held[i],
                            usage.Decision.DecidedAt
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
/// <param name="Held">How many of them open reservations hold.</param>
/// <param name="Remaining">The remaining permits of the capacity, never negative.</param>
/// <param name="ResetIn">Seconds until all permits are replenished, rounded up; 0 when none is used.</param>
/// <param name="ResetsAt">When the period of a calendar limit ends; null for other limits.</param>
public sealed record LimitUsageResponse(
    string Name,
    IReadOnlyList<string> Per,
    long Limit,
    long Capacity,
    long Used,
    long Held,
    long Remaining,
    long ResetIn,
    DateTimeOffset? ResetsAt
)
{
    internal static LimitUsageResponse From(
        Limit limit,
        LimitStatus status,
        long held,
        DateTimeOffset now
    ) =>
        new(
            limit.Name,
            limit.Per,
            limit.Permits,
            limit.Capacity,
            status.Used,
            held,
            status.Remaining,
            TimeSpan.FromMicroseconds(status.Reset).RoundUp(TimeSpan.TicksPerSecond),
            (limit as CalendarLimit)?.ResetsAt(now, status.Reset)
        );
}
