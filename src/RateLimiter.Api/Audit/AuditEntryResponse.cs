using System.Diagnostics;
using AutoMapper;
using RateLimiter.Api.Keys;
using RateLimiter.Api.Overrides;
using RateLimiter.Api.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Audit;

/// <summary>Who changed what, and when.</summary>
public sealed record AuditEntryResponse
{
    /// <summary>Its position in the trail: later entries have greater ids. Ids have gaps.</summary>
    public required long Id { get; init; }

    /// <summary>When it was changed, UTC.</summary>
    public required DateTime At { get; init; }

    /// <summary>The action, such as policy.updated.</summary>
    public required string Action { get; init; }

    /// <summary>The key_id of the API key that made the change; null for a registration.</summary>
    public string? KeyId { get; init; }

    /// <summary>The IP address of the caller.</summary>
    public required string Address { get; init; }

    /// <summary>The trace id under which the service's log has details.</summary>
    public required string RequestId { get; init; }

    /// <summary>The policy, override, key or client before the change; null when it was created.</summary>
    public object? Before { get; init; }

    /// <summary>The policy, override, key or client after the change; null when it was deleted.</summary>
    public object? After { get; init; }
}

/// <summary>A page of the audit trail.</summary>
/// <param name="Entries">The entries, newest first.</param>
/// <param name="NextCursor">The cursor of the next page; null on the last page.</param>
public sealed record AuditResponse(IReadOnlyList<AuditEntryResponse> Entries, string? NextCursor);

/// <summary>What the audit trail keeps of a client.</summary>
/// <param name="Name">The name given at registration.</param>
public sealed record AuditedClientResponse(string Name);

internal sealed class AuditProfile : Profile
{
    public AuditProfile()
    {
        CreateMap<AuditedClient, AuditedClientResponse>();
        CreateMap<AuditedKey, KeyResponse>()
            .ForMember(to => to.KeyId, map => map.MapFrom(from => from.Id))
            .ForMember(to => to.Scopes, map => map.MapFrom(from => from.Scopes.ToNames()))
            .ForMember(to => to.LastUsedAt, map => map.Ignore());
        CreateMap<AuditEntry, AuditEntryResponse>()
            .ForMember(to => to.At, map => map.MapFrom(from => from.Record.At))
            .ForMember(to => to.Action, map => map.MapFrom(from => from.Record.Action.ToName()))
            .ForMember(to => to.KeyId, map => map.MapFrom(from => from.Record.Actor.KeyId))
            .ForMember(to => to.Address, map => map.MapFrom(from => from.Record.Actor.Address))
            .ForMember(to => to.RequestId, map => map.MapFrom(from => from.Record.Actor.RequestId))
            .ForMember(
                to => to.Before,
                map => map.MapFrom((from, _, _, it) => Show(it.Mapper, from.Record.Before))
            )
            .ForMember(
                to => to.After,
                map => map.MapFrom((from, _, _, it) => Show(it.Mapper, from.Record.After))
            );
    }

    private static object? Show(IRuntimeMapper mapper, Audited? audited) =>
        audited switch
        {
            null => null,
            AuditedClient client => mapper.Map<AuditedClientResponse>(client),
            AuditedKey key => mapper.Map<KeyResponse>(key),
            AuditedPolicy { Policy: var policy } => mapper.Map<PolicyResponse>(policy),
            AuditedOverride { Override: var it } => mapper.Map<AuditedOverrideResponse>(it),
            _ => throw new UnreachableException(),
        };
}
