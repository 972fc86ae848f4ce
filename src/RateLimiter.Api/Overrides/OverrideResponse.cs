using AutoMapper;
using NJsonSchema.Annotations;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Api.Overrides;

/// <summary>What responses tell of an override, but for the limits that it changes.</summary>
public abstract record OverrideBody
{
    /// <summary>Its id, which decisions have that it decided.</summary>
    public required string OverrideId { get; init; }

    /// <summary>The subject whose value is compared.</summary>
    public required string Subject { get; init; }

    /// <summary>A value, a pattern or a network.</summary>
    public required string Match { get; init; }

    /// <summary>How match is read.</summary>
    public required OverrideMatchType MatchType { get; init; }

    /// <summary>The requested route that it applies to; null for all.</summary>
    public string? RouteKey { get; init; }

    /// <summary>The requested role that it applies to; null for all.</summary>
    public string? Role { get; init; }

    /// <summary>What it does.</summary>
    public required OverrideEffect Effect { get; init; }

    /// <summary>The time from which it does not apply any more, UTC; null for never.</summary>
    public DateTime? ExpiresAt { get; init; }

    /// <summary>Free text, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>1 when created, incremented with every change.</summary>
    public required long Version { get; init; }

    /// <summary>When it was created, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When this version was saved, UTC.</summary>
    public required DateTime UpdatedAt { get; init; }

    /// <summary>The key_id of the API key that saved this version.</summary>
    public string? UpdatedBy { get; init; }
}

/// <summary>A stored override.</summary>
[JsonSchemaFlatten]
public sealed record OverrideResponse : OverrideBody
{
    /// <summary>The permits of each limit that it changes, by its name; null with another effect.</summary>
    public IReadOnlyDictionary<string, long>? Limits { get; init; }
}

/// <summary>
/// An override in the audit trail, whose entries are of one type for clients: the limits of a policy there are a list.
/// </summary>
[JsonSchemaFlatten]
public sealed record AuditedOverrideResponse : OverrideBody
{
    /// <summary>The permits of each limit that it changes, by its name; null with another effect.</summary>
    public IReadOnlyDictionary<string, long>? OverriddenLimits { get; init; }
}

internal sealed class OverrideProfile : Profile
{
    public OverrideProfile()
    {
        MapOverride<OverrideResponse>();
        MapOverride<AuditedOverrideResponse>()
            .ForMember(
                to => to.OverriddenLimits,
                map => map.MapFrom(from => from.Definition.Limits)
            );
    }

    private IMappingExpression<Override, T> MapOverride<T>()
        where T : OverrideBody
    {
        CreateMap<OverrideDefinition, T>(MemberList.None);
        return CreateMap<Override, T>()
            .IncludeMembers(from => from.Definition)
            .ForMember(to => to.OverrideId, map => map.MapFrom(from => from.Id));
    }
}
