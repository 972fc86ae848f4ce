using AutoMapper;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Logs;

/// <summary>A logged decision, or a change of counters.</summary>
public sealed record LogEntryResponse
{
    /// <summary>When it was decided or made, by the store's clock, UTC.</summary>
    public required DateTime Timestamp { get; init; }

    /// <summary>The same in milliseconds since 1970.</summary>
    public required long TimestampMs { get; init; }

    /// <summary>The user checked; null where a reset or a reservation names none.</summary>
    public required string? UserId { get; init; }

    /// <summary>The subjects beside the user, by name; null when none were named.</summary>
    public required IReadOnlyDictionary<string, string>? Subjects { get; init; }

    /// <summary>The route of the check.</summary>
    public required string Route { get; init; }

    /// <summary>The role of the check.</summary>
    public required string Role { get; init; }

    /// <summary>The verdict; true for a change.</summary>
    public required bool Allowed { get; init; }

    /// <summary>Allowed only because the policy is in shadow mode.</summary>
    public required bool ShadowDenied { get; init; }

    /// <summary>Decided without the store, according to the policy's on_store_failure.</summary>
    public required bool Degraded { get; init; }

    /// <summary>The reason, as in the response to the check.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// The permits that the check asked for, that a refund or release gave back, or that a reservation is charged in all after a
    /// commit; 0 for a reset.
    /// </summary>
    public required long Cost { get; init; }

    /// <summary>The permits of it that the caller may use, as in the response to the check; for a change all.</summary>
    public required long Granted { get; init; }

    /// <summary>The remaining permits afterwards.</summary>
    public required long Remaining { get; init; }

    /// <summary>The permits per window of the limit that remaining refers to.</summary>
    public required long Limit { get; init; }

    /// <summary>
    /// The maximum of remaining permits: the burst of a bucket, otherwise the limit. Null in entries logged before this
    /// field existed.
    /// </summary>
    public long? Capacity { get; init; }

    /// <summary>The role of the policy that decided.</summary>
    public required string MatchedRole { get; init; }

    /// <summary>What it is: a decision, or the kind of change.</summary>
    public required LogEntryKind Kind { get; init; }

    /// <summary>The beginning of the id of the reservation; null for anything else.</summary>
    public string? ReservationId { get; init; }

    /// <summary>The permits that a commit or release of a reservation gave back; null for anything else.</summary>
    public long? Released { get; init; }

    /// <summary>The override that decided or changed the limits; null when none did.</summary>
    public string? OverrideId { get; init; }
}

internal sealed class LogProfile : Profile
{
    public LogProfile() =>
        CreateMap<LogEntry, LogEntryResponse>()
            .ForMember(to => to.Timestamp, map => map.MapFrom(from => from.DecidedAt))
            .ForMember(
                to => to.TimestampMs,
                map => map.MapFrom(from => from.DecidedAt.ToUnixTimeMilliseconds())
            )
            .ForMember(
                to => to.UserId,
                map => map.MapFrom(from => from.UserId == LogEntry.NoUser ? null : from.UserId)
            )
            .ForMember(to => to.Route, map => map.MapFrom(from => from.RouteKey));
}
