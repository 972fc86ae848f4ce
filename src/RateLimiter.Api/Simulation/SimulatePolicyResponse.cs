using AutoMapper;
using RateLimiter.Application.Simulation;

namespace RateLimiter.Api.Simulation;

/// <summary>What was decided, and what the proposed policy would have decided.</summary>
public sealed record SimulatePolicyResponse
{
    /// <summary>The kept decisions that the policy would have made.</summary>
    public required long Checks { get; init; }

    /// <summary>How they were decided.</summary>
    public required VerdictsResponse Current { get; init; }

    /// <summary>How the proposed policy would have decided them.</summary>
    public required VerdictsResponse Proposed { get; init; }

    /// <summary>Those that were allowed, and would have been denied.</summary>
    public required long NewlyDenied { get; init; }

    /// <summary>Those that were denied, and would have been allowed.</summary>
    public required long NewlyAllowed { get; init; }

    /// <summary>The users who would newly have been denied most, at most 10, in descending order.</summary>
    public required IReadOnlyList<SimulatedUserResponse> Top { get; init; }

    /// <summary>The same verdicts by time, at most 100 buckets of the same length, oldest first.</summary>
    public required IReadOnlyList<SimulatedBucketResponse> Buckets { get; init; }

    /// <summary>
    /// The first moment from which everything is kept, UTC. Earlier decisions are missing, or their permits are.
    /// </summary>
    public required DateTime CoveredFrom { get; init; }
}

/// <summary>Decisions by their verdict.</summary>
/// <param name="Allowed">Those that were allowed.</param>
/// <param name="Denied">Those that were denied.</param>
public sealed record VerdictsResponse(long Allowed, long Denied);

/// <summary>A user who would newly have been denied.</summary>
/// <param name="UserId">The user.</param>
/// <param name="NewlyDenied">The user's decisions that were allowed, and would have been denied.</param>
/// <param name="Checks">All decisions about the user.</param>
public sealed record SimulatedUserResponse(string UserId, long NewlyDenied, long Checks);

/// <summary>The verdicts of a span of time.</summary>
/// <param name="From">When it begins, UTC; it ends where the next begins.</param>
/// <param name="Current">How its decisions were made.</param>
/// <param name="Proposed">How the proposed policy would have made them.</param>
public sealed record SimulatedBucketResponse(
    DateTime From,
    VerdictsResponse Current,
    VerdictsResponse Proposed
);

internal sealed class SimulationProfile : Profile
{
    public SimulationProfile()
    {
        CreateMap<PolicySimulation, SimulatePolicyResponse>()
            .ForMember(
                to => to.CoveredFrom,
                map => map.MapFrom(from => from.CoveredFrom.UtcDateTime)
            );
        CreateMap<Verdicts, VerdictsResponse>();
        CreateMap<UserSimulation, SimulatedUserResponse>();
        CreateMap<SimulatedBucket, SimulatedBucketResponse>()
            .ForCtorParam(
                nameof(SimulatedBucketResponse.From),
                map => map.MapFrom(from => from.From.UtcDateTime)
            );
    }
}
