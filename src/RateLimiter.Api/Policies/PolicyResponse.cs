using AutoMapper;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>A stored policy.</summary>
public sealed record PolicyResponse
{
    /// <summary>The route.</summary>
    public required string RouteKey { get; init; }

    /// <summary>The role; "default" for the default role.</summary>
    public required string Role { get; init; }

    /// <summary>Permits per window; null when there are several limits.</summary>
    public required long? Limit { get; init; }

    /// <summary>The window in seconds; null when there are several limits.</summary>
    public required long? WindowSeconds { get; init; }

    /// <summary>How permits are counted; null when there are several limits.</summary>
    public required Algorithm? Algorithm { get; init; }

    /// <summary>The size of a bucket; null when the request omitted it, or when there are several limits.</summary>
    public long? Burst { get; init; }

    /// <summary>The limits; null when the policy was saved with a single one.</summary>
    public IReadOnlyList<LimitResponse>? Limits { get; init; }

    /// <summary>Free text, or null.</summary>
    public string? Description { get; init; }

    /// <summary>False allows every check and counts nothing.</summary>
    public required bool IsActive { get; init; }

    /// <summary>"shadow" counts and logs, but allows what it would deny.</summary>
    public required PolicyMode Mode { get; init; }

    /// <summary>The decision while the store does not answer; null for the service's default.</summary>
    public StoreFailureMode? OnStoreFailure { get; init; }

    /// <summary>1 when created, incremented with every save.</summary>
    public required long Version { get; init; }

    /// <summary>When its first version was saved, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When this version was saved, UTC.</summary>
    public required DateTime UpdatedAt { get; init; }

    /// <summary>The key_id of the API key that saved this version; null when it is unknown.</summary>
    public string? UpdatedBy { get; init; }
}

/// <summary>One limit of several.</summary>
public sealed record LimitResponse
{
    /// <summary>The name in <c>violated</c> and in the RateLimit headers.</summary>
    public required string Name { get; init; }

    /// <summary>Permits per window.</summary>
    public required long Limit { get; init; }

    /// <summary>The window in seconds.</summary>
    public required long WindowSeconds { get; init; }

    /// <summary>How permits are counted.</summary>
    public required Algorithm Algorithm { get; init; }

    /// <summary>The size of a bucket; null when the request omitted it.</summary>
    public long? Burst { get; init; }
}

/// <param name="Message">What was done.</param>
/// <param name="Policy">The stored policy.</param>
public sealed record SavePolicyResponse(string Message, PolicyResponse Policy);

/// <param name="Message">What was done.</param>
public sealed record MessageResponse(string Message);

internal sealed class PolicyProfile : Profile
{
    public PolicyProfile()
    {
        CreateMap<DateTimeOffset, DateTime>().ConvertUsing(time => time.UtcDateTime);
        CreateMap<Limit, LimitResponse>()
            .ForMember(to => to.Limit, map => map.MapFrom(from => from.Permits))
            .ForMember(
                to => to.WindowSeconds,
                map => map.MapFrom(from => (long)from.Window.TotalSeconds)
            );
        CreateMap<Policy, PolicyResponse>()
            .ForMember(to => to.RouteKey, map => map.MapFrom(from => from.Key.RouteKey))
            .ForMember(to => to.Role, map => map.MapFrom(from => from.Key.Role))
            .ForMember(
                to => to.Limit,
                map => map.MapFrom(from => Single(from, limit => limit.Permits))
            )
            .ForMember(
                to => to.WindowSeconds,
                map => map.MapFrom(from => Single(from, limit => (long)limit.Window.TotalSeconds))
            )
            .ForMember(
                to => to.Algorithm,
                map => map.MapFrom(from => Single(from, limit => limit.Algorithm))
            )
            .ForMember(
                to => to.Burst,
                map => map.MapFrom(from => IsSingle(from) ? from.Limits[0].Burst : null)
            )
            .ForMember(
                to => to.Limits,
                map => map.MapFrom(from => IsSingle(from) ? null : from.Limits)
            )
            .ForMember(
                to => to.Description,
                map => map.MapFrom(from => from.Definition.Description)
            )
            .ForMember(to => to.IsActive, map => map.MapFrom(from => from.Definition.IsActive))
            .ForMember(to => to.Mode, map => map.MapFrom(from => from.Definition.Mode))
            .ForMember(
                to => to.OnStoreFailure,
                map => map.MapFrom(from => from.Definition.OnStoreFailure)
            );
    }

    private static bool IsSingle(Policy policy) => SavePolicyRequest.IsSingle(policy.Definition);

    private static T? Single<T>(Policy policy, Func<Limit, T> value)
        where T : struct => IsSingle(policy) ? value(policy.Limits[0]) : null;
}
