using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using RateLimiter.Api.Authentication;
using RateLimiter.Api.Errors;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Checks;

/// <summary>The question that the service is there for.</summary>
[ApiController]
[Tags("Checks")]
public sealed class CheckController(IMediator mediator) : ControllerBase
{
    /// <summary>May this user do this now?</summary>
    /// <remarks>A denial is also a 200, and takes nothing: <c>allowed</c> says which it is.</remarks>
    [HttpPost("/check", Name = "Check")]
    [ProducesResponseType<DecisionResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status401Unauthorized)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status503ServiceUnavailable)]
    public async Task<ActionResult<DecisionResponse>> CheckAsync(
        [FromBody, ValidateNever] CheckRequest request,
        CancellationToken cancellationToken
    )
    {
        request.Validate(ModelState);
        if (!ModelState.IsValid)
        {
            return ProblemResponse.Validation(HttpContext, ModelState);
        }

        var decision = await mediator.Send(
            new CheckCommand(
                HttpContext.Client(),
                request.UserId!,
                request.RouteKey!,
                request.Role ?? PolicyKey.DefaultRole,
                request.Cost
            ),
            cancellationToken
        );
        return decision is not null
            ? DecisionResponse.From(decision)
            : ProblemResponse.Create(
                HttpContext,
                StatusCodes.Status404NotFound,
                "No policy applies to this route and role."
            );
    }
}
