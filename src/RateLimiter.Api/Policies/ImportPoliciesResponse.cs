using System.Diagnostics;
using AutoMapper;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>What an import changed, or would change.</summary>
/// <param name="DryRun">Whether nothing was changed.</param>
/// <param name="Created">So many policies were made.</param>
/// <param name="Updated">So many were replaced.</param>
/// <param name="Deleted">So many were deleted.</param>
/// <param name="Unchanged">So many of the document say what was there already.</param>
/// <param name="Changes">Each change, by route, then role.</param>
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

/// <summary>What becomes of a policy.</summary>
public enum PolicyChangeAction
{
    Created,
    Updated,
    Deleted,
}

/// <summary>The change of one policy.</summary>
public sealed record PolicyChangeResponse
{
    /// <summary>What becomes of it.</summary>
    public required PolicyChangeAction Action { get; init; }

    /// <summary>The route.</summary>
    public required string RouteKey { get; init; }

    /// <summary>The role; "default" for the default role.</summary>
    public required string Role { get; init; }

    /// <summary>The policy as it was; null when it is made.</summary>
    public PolicyResponse? Before { get; init; }

    /// <summary>The policy as it is then; null when it is deleted.</summary>
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
