using System.Diagnostics;
using AutoMapper;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>What an import changed, or would change.</summary>
/// <param name="DryRun">Whether this was a dry run, which changes nothing.</param>
/// <param name="Created">The number of created policies.</param>
/// <param name="Updated">The number of replaced policies.</param>
/// <param name="Deleted">The number of deleted policies.</param>
/// <param name="Unchanged">The number of policies of the document that are the same as before.</param>
/// <param name="Changes">Each change, ordered by route, then role.</param>
public sealed record ImportPoliciesResponse(
    bool DryRun,
    int Created,
    int Updated,
    int Deleted,
    int Unchanged,
    IReadOnlyList<PolicyChangeResponse> Changes
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
            changes
        );
    }
}

/// <summary>The kind of change of a policy.</summary>
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
    public PolicyChangeProfile() =>
        CreateMap<PolicyChange, PolicyChangeResponse>()
            .ForMember(to => to.Action, map => map.MapFrom(from => ActionOf(from.Action)))
            .ForMember(to => to.RouteKey, map => map.MapFrom(from => from.Key.RouteKey))
            .ForMember(to => to.Role, map => map.MapFrom(from => from.Key.Role))
            .ForMember(to => to.Before, map => map.MapFrom(from => from.Before.Policy));

    private static PolicyChangeAction ActionOf(AuditAction action) =>
        action switch
        {
            AuditAction.PolicyCreated => PolicyChangeAction.Created,
            AuditAction.PolicyUpdated => PolicyChangeAction.Updated,
            AuditAction.PolicyDeleted => PolicyChangeAction.Deleted,
            _ => throw new UnreachableException(),
        };
}
