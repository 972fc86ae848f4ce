using AutoMapper;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Logs;

/// <summary>A decision in the log.</summary>
public sealed record LogEntryResponse
{
    /// <summary>When it was decided, by the store's clock, UTC.</summary>
    public required DateTime Timestamp { get; init; }

    /// <summary>The same in milliseconds since 1970.</summary>
    public required long TimestampMs { get; init; }

    /// <summary>The user asked about.</summary>
    public required string UserId { get; init; }

    /// <summary>The route asked for.</summary>
    public required string Route { get; init; }

    /// <summary>The role asked for.</summary>
    public required string Role { get; init; }

    /// <summary>The verdict.</summary>
    public required bool Allowed { get; init; }

    /// <summary>Allowed only because the policy is in shadow mode.</summary>
    public required bool ShadowDenied { get; init; }

    /// <summary>Decided without the store, as the policy's on_store_failure says.</summary>
    public required bool Degraded { get; init; }

    /// <summary>Why, as the caller was told.</summary>
    public string? Reason { get; init; }

    /// <summary>The permits asked for.</summary>
    public required long Cost { get; init; }

    /// <summary>The permits left after it.</summary>
    public required long Remaining { get; init; }

    /// <summary>The permits per window of the limit that they are left of.</summary>
    public required long Limit { get; init; }

    /// <summary>The most that can be left at once: the burst of a bucket, else the limit. Null in entries of before it was logged.</summary>
    public long? Capacity { get; init; }

    /// <summary>The role of the policy that decided.</summary>
    public required string MatchedRole { get; init; }
}

internal sealed class LogProfile : Profile
{
    public LogProfile() =>
        CreateMap<LoggedDecision, LogEntryResponse>()
            .ForMember(to => to.Timestamp, map => map.MapFrom(from => from.DecidedAt))
            .ForMember(
                to => to.TimestampMs,
                map => map.MapFrom(from => from.DecidedAt.ToUnixTimeMilliseconds())
            )
            .ForMember(to => to.Route, map => map.MapFrom(from => from.RouteKey));
}
