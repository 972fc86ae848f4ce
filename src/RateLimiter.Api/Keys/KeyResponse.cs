using AutoMapper;
using RateLimiter.Application.Keys;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Keys;

/// <summary>The public data of a key.</summary>
public record KeyResponse
{
    /// <summary>Its public id.</summary>
    public required string KeyId { get; init; }

    /// <summary>The first characters of the key.</summary>
    public required string Prefix { get; init; }

    /// <summary>The purpose of the key.</summary>
    public required string Name { get; init; }

    /// <summary>The scopes of the key.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>When it was created, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When it expires, UTC; null for never.</summary>
    public DateTime? ExpiresAt { get; init; }

    /// <summary>The minute of its last use, UTC; null for never.</summary>
    public DateTime? LastUsedAt { get; init; }
}

/// <summary>A new key.</summary>
public sealed record NewKeyResponse : KeyResponse
{
    /// <summary>The key for the header X-API-Key, shown only once.</summary>
    public required string ApiKey { get; init; }
}

internal sealed class KeyProfile : Profile
{
    public KeyProfile()
    {
        CreateMap<ClientKey, KeyResponse>()
            .ForMember(to => to.KeyId, map => map.MapFrom(from => from.Id))
            .ForMember(to => to.Scopes, map => map.MapFrom(from => from.Scopes.ToNames()))
            .ForMember(to => to.LastUsedAt, map => map.Ignore());
        CreateMap<UsedKey, KeyResponse>().IncludeMembers(from => from.Key);
        CreateMap<ClientKey, NewKeyResponse>()
            .IncludeBase<ClientKey, KeyResponse>()
            .ForMember(to => to.ApiKey, map => map.Ignore());
        CreateMap<KeyMade, NewKeyResponse>()
            .IncludeMembers(from => from.Key)
            .ForMember(to => to.ApiKey, map => map.MapFrom(from => from.Text))
            .ForMember(to => to.LastUsedAt, map => map.Ignore());
    }
}
