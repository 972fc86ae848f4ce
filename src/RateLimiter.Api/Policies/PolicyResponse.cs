using System.Text.Json.Serialization;
using AutoMapper;
using NJsonSchema.Annotations;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>A stored policy. The fields of a limit are null when it has several.</summary>
[JsonSchemaFlatten]
public sealed record PolicyResponse : LimitBody
{
    /// <summary>The route.</summary>
    [JsonPropertyOrder(-2)]
    public required string RouteKey { get; init; }

    /// <summary>The role; "default" for the default role.</summary>
    [JsonPropertyOrder(-1)]
    public required string Role { get; init; }

    /// <summary>The limits; null when the policy was saved with a single one.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<LimitResponse>? Limits { get; init; }

    /// <summary>Free text, or null.</summary>
    [JsonPropertyOrder(1)]
    public string? Description { get; init; }

    /// <summary>False allows every check and counts nothing.</summary>
    [JsonPropertyOrder(1)]
    public required bool IsActive { get; init; }

    /// <summary>"shadow" counts and logs, but allows what it would deny.</summary>
    [JsonPropertyOrder(1)]
    public required PolicyMode Mode { get; init; }

    /// <summary>The decision while the store does not answer; null for the service's default.</summary>
    [JsonPropertyOrder(1)]
    public StoreFailureMode? OnStoreFailure { get; init; }

    /// <summary>1 when created, incremented with every save.</summary>
    [JsonPropertyOrder(1)]
    public required long Version { get; init; }

    /// <summary>When its first version was saved, UTC.</summary>
    [JsonPropertyOrder(1)]
    public required DateTime CreatedAt { get; init; }

    /// <summary>When this version was saved, UTC.</summary>
    [JsonPropertyOrder(1)]
    public required DateTime UpdatedAt { get; init; }

    /// <summary>The key_id of the API key that saved this version; null when it is unknown.</summary>
    [JsonPropertyOrder(1)]
    public string? UpdatedBy { get; init; }
}

/// <summary>One limit of several.</summary>
[JsonSchemaFlatten]
public sealed record LimitResponse : LimitBody
{
    /// <summary>The name in <c>violated</c> and in the RateLimit headers.</summary>
    [JsonPropertyOrder(-1)]
    public required string Name { get; init; }
}

/// <param name="Message">What was done.</param>
/// <param name="Policy">The stored policy.</param>
/// <param name="ResetLimits">The names of limits that the policy had before, and whose usage no longer counts.</param>
public sealed record SavePolicyResponse(
    string Message,
    PolicyResponse Policy,
    IReadOnlyList<string> ResetLimits
);

/// <param name="Message">What was done.</param>
public sealed record MessageResponse(string Message);

internal sealed class PolicyProfile : Profile
{
    public PolicyProfile()
    {
        CreateMap<DateTimeOffset, DateTime>().ConvertUsing(time => time.UtcDateTime);
        CreateMap<SubjectNames, IReadOnlyList<string?>>().ConvertUsing(names => names);
        MapLimit<LimitResponse>(MemberList.Destination);
        MapLimit<PolicyResponse>(MemberList.None);
        CreateMap<Policy, PolicyResponse>()
            .IncludeMembers(from => from.Definition.OnlyLimit)
            .ForMember(to => to.RouteKey, map => map.MapFrom(from => from.Key.RouteKey))
            .ForMember(to => to.Role, map => map.MapFrom(from => from.Key.Role))
            .ForMember(
                to => to.Limits,
                map => map.MapFrom(from => from.Definition.OnlyLimit == null ? from.Limits : null)
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

    private void MapLimit<T>(MemberList members)
        where T : LimitBody =>
        CreateMap<Limit, T>(members)
            .ForMember(to => to.Limit, map => map.MapFrom(from => from.Permits))
            .ForMember(
                to => to.WindowSeconds,
                map => map.MapFrom(from => FieldsOf(from).WindowSeconds)
            )
            .ForMember(to => to.Burst, map => map.MapFrom(from => FieldsOf(from).Burst))
            .ForMember(to => to.Period, map => map.MapFrom(from => FieldsOf(from).Period))
            .ForMember(to => to.TimeZone, map => map.MapFrom(from => FieldsOf(from).TimeZone))
            .ForMember(to => to.Anchor, map => map.MapFrom(from => FieldsOf(from).Anchor));

    // Null where a policy has several limits.
    private static LimitFields FieldsOf(Limit? limit) =>
        limit is null ? LimitFields.None : LimitFields.Of(limit);
}
