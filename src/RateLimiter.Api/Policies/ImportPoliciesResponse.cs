using System.Diagnostics;
using AutoMapper;
using RateLimiter.Api.Overrides;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>What an import changed, or would change.</summary>
/// <param name="DryRun">Whether this was a dry run, which changes nothing.</param>
/// <param name="Created">The number of created policies.</param>
/// <param name="Updated">The number of replaced policies.</param>
/// <param name="Deleted">The number of deleted policies.</param>
/// <param name="Unchanged">The number of policies of the document that are the same as before.</param>
/// <param name="Changes">Each change of a policy, ordered by route, then role.</param>
/// <param name="Overrides">The same of the overrides; null when the document left them as they are.</param>
public sealed record ImportPoliciesResponse(
    bool DryRun,
    int Created,
    int Updated,
    int Deleted,
    int Unchanged,
    IReadOnlyList<PolicyChangeResponse> Changes,
    ImportOverridesResponse? Overrides
)
{
    internal static ImportPoliciesResponse Of(PoliciesImported outcome, bool dryRun, IMapper mapper)
    {
        var changes = mapper.Map<IReadOnlyList<PolicyChangeResponse>>(outcome.Changes);
        int Count(PolicyChangeAction action) => changes.Count(change => change.Action == action);
        return new ImportPoliciesResponse(
            dryRun,
            Count(PolicyChangeAction.Created),
            Count(PolicyChangeAction.Updated),
            Count(PolicyChangeAction.Deleted),
            outcome.Unchanged,
            changes,
            outcome.Overrides is { } overrides
                ? ImportOverridesResponse.Of(overrides, mapper)
                : null
        );
    }
}

/// <summary>What an import changed, or would change, of the overrides.</summary>
/// <param name="Created">The number of created overrides.</param>
/// <param name="Updated">The number of changed overrides, which keep their ids.</param>
/// <param name="Deleted">The number of deleted overrides.</param>
/// <param name="Unchanged">The number of overrides of the document that are the same as before.</param>
/// <param name="Changes">Each change: those of the document in its order, then the deletions.</param>
public sealed record ImportOverridesResponse(
    int Created,
    int Updated,
    int Deleted,
    int Unchanged,
    IReadOnlyList<OverrideChangeResponse> Changes
)
{
    internal static ImportOverridesResponse Of(OverridesImported outcome, IMapper mapper)
    {
        var changes = mapper.Map<IReadOnlyList<OverrideChangeResponse>>(outcome.Changes);
        int Count(PolicyChangeAction action) => changes.Count(change => change.Action == action);
        return new ImportOverridesResponse(
            Count(PolicyChangeAction.Created),
            Count(PolicyChangeAction.Updated),
            Count(PolicyChangeAction.Deleted),
            outcome.Unchanged,
            changes
        );
    }
}

/// <summary>The change of one override.</summary>
public sealed record OverrideChangeResponse
{
    /// <summary>The kind of change.</summary>
    public required PolicyChangeAction Action { get; init; }

    /// <summary>The override before the change; null when it is created.</summary>
    public OverrideResponse? Before { get; init; }

    /// <summary>The override after the change, with a new id in a dry run; null when it is deleted.</summary>
    public OverrideResponse? After { get; init; }
}

/// <summary>The kind of change of a policy or an override.</summary>
public enum PolicyChangeAction
{
    Created,
    Updated,
    Deleted,
}

/// <summary>The change of one policy.</summary>
public sealed record PolicyChangeResponse
{
    /// <summary>The kind of change.</summary>
    public required PolicyChangeAction Action { get; init; }

    /// <summary>The route.</summary>
    public required string RouteKey { get; init; }

    /// <summary>The role; "default" for the default role.</summary>
    public required string Role { get; init; }

    /// <summary>The names of limits that the policy had before, and whose usage no longer counts.</summary>
    public required IReadOnlyList<string> ResetLimits { get; init; }

    /// <summary>The policy before the change; null when it is created.</summary>
    public PolicyResponse? Before { get; init; }

    /// <summary>The policy after the change; null when it is deleted.</summary>
    public PolicyResponse? After { get; init; }
}

internal sealed class PolicyChangeProfile : Profile
{
    public PolicyChangeProfile()
    {
        CreateMap<OverrideChange, OverrideChangeResponse>()
            .ForMember(to => to.Action, map => map.MapFrom(from => ActionOf(from.Action)));
        CreateMap<PolicyChange, PolicyChangeResponse>()
            .ForMember(to => to.Action, map => map.MapFrom(from => ActionOf(from.Action)))
            .ForMember(to => to.RouteKey, map => map.MapFrom(from => from.Key.RouteKey))
            .ForMember(to => to.Role, map => map.MapFrom(from => from.Key.Role))
            .ForMember(to => to.Before, map => map.MapFrom(from => from.Before.Policy));
    }

    private static PolicyChangeAction ActionOf(AuditAction action) =>
        action switch
        {
            AuditAction.PolicyCreated or AuditAction.OverrideCreated => PolicyChangeAction.Created,
            AuditAction.PolicyUpdated or AuditAction.OverrideUpdated => PolicyChangeAction.Updated,
            AuditAction.PolicyDeleted or AuditAction.OverrideDeleted => PolicyChangeAction.Deleted,
            _ => throw new UnreachableException(),
        };
}
