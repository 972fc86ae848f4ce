using AutoMapper;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>A policy as it is kept.</summary>
public sealed record PolicyResponse
{
    /// <summary>The route.</summary>
    public required string RouteKey { get; init; }

    /// <summary>The role; "default" for the default role.</summary>
    public required string Role { get; init; }

    /// <summary>Permits per window.</summary>
    public required long Limit { get; init; }

    /// <summary>The window in seconds.</summary>
    public required long WindowSeconds { get; init; }

    /// <summary>How permits are counted.</summary>
    public required Algorithm Algorithm { get; init; }

    /// <summary>Free text, or null.</summary>
    public string? Description { get; init; }

    /// <summary>False allows everything and counts nothing.</summary>
    public required bool IsActive { get; init; }

    /// <summary>1 when made, one more with every save.</summary>
    public required long Version { get; init; }

    /// <summary>When its first version was saved, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When this version was saved, UTC.</summary>
    public required DateTime UpdatedAt { get; init; }
}

/// <param name="Message">What was done.</param>
/// <param name="Policy">The policy as it is kept.</param>
public sealed record SavePolicyResponse(string Message, PolicyResponse Policy);

/// <param name="Message">What was done.</param>
public sealed record MessageResponse(string Message);

internal sealed class PolicyProfile : Profile
{
    public PolicyProfile()
    {
        CreateMap<DateTimeOffset, DateTime>().ConvertUsing(time => time.UtcDateTime);
        CreateMap<Policy, PolicyResponse>()
            .ForMember(to => to.RouteKey, map => map.MapFrom(from => from.Key.RouteKey))
            .ForMember(to => to.Role, map => map.MapFrom(from => from.Key.Role))
            .ForMember(to => to.Limit, map => map.MapFrom(from => from.Limits[0].Permits))
            .ForMember(
                to => to.WindowSeconds,
                map => map.MapFrom(from => (long)from.Limits[0].Window.TotalSeconds)
            )
            .ForMember(to => to.Algorithm, map => map.MapFrom(from => from.Limits[0].Algorithm))
            .ForMember(
                to => to.Description,
                map => map.MapFrom(from => from.Definition.Description)
            )
            .ForMember(to => to.IsActive, map => map.MapFrom(from => from.Definition.IsActive));
    }
}
