using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Simulation;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Simulation;

/// <summary>Policies on trial.</summary>
[ApiController]
[Tags("Policies")]
public sealed class SimulationController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>Tries a policy on the kept decisions, and changes nothing.</summary>
    /// <remarks>
    /// The decisions of the log that the policy would have made if it were saved are replayed in their order and at their own times,
    /// with unused counters at the beginning, and so are refunds, resets and settlements of reservations. Decisions before
    /// <c>from</c> are not counted, but replayed. Overrides apply as they do now.
    /// </remarks>
    [RequiresScope(Scopes.PolicyRead, And = Scopes.LogsRead)]
    [HttpPost("/policy/simulate", Name = "SimulatePolicy")]
    [ProducesResponseType<SimulatePolicyResponse>(StatusCodes.Status200OK)]
    public async Task<ActionResult<SimulatePolicyResponse>> SimulateAsync(
        SimulatePolicyRequest request,
        CancellationToken cancellationToken
    ) =>
        mapper.Map<SimulatePolicyResponse>(
            await mediator.Send(
                new SimulatePolicyQuery(
                    HttpContext.Client(),
                    request.Policy!.ToDefinition(),
                    request.From,
                    request.To
                ),
                cancellationToken
            )
        );
}
