using AutoMapper;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>One version of a policy.</summary>
public sealed record PolicyVersionResponse
{
    /// <summary>The version number.</summary>
    public required long Version { get; init; }

    /// <summary>When it was saved, UTC.</summary>
    public required DateTime ChangedAt { get; init; }

    /// <summary>The key_id of the API key that made the change; null when it is unknown.</summary>
    public string? ChangedBy { get; init; }

    /// <summary>Whether this is the deletion of the policy.</summary>
    public required bool Deleted { get; init; }

    /// <summary>The policy of this version; null when this is its deletion.</summary>
    public PolicyResponse? Policy { get; init; }
}

internal sealed class PolicyVersionProfile : Profile
{
    public PolicyVersionProfile() =>
        CreateMap<PolicyVersion, PolicyVersionResponse>()
            .ForMember(to => to.ChangedAt, map => map.MapFrom(from => from.At))
            .ForMember(to => to.ChangedBy, map => map.MapFrom(from => from.By))
            .ForMember(to => to.Deleted, map => map.MapFrom(from => from.Policy == null));
}
