using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Checks;

/// <summary>The question that the service is there for.</summary>
[ApiController]
[Tags("Checks")]
public sealed class CheckController(IMediator mediator) : ControllerBase
{
    /// <summary>The greatest body of a batch, in bytes.</summary>
    private const long MaxBatchBodySize = 1024 * 1024;

    /// <summary>May this user do this now?</summary>
    /// <remarks>A denial is also a 200, and takes nothing: <c>allowed</c> says which it is.</remarks>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/check", Name = "Check")]
    [OpenApiOperationProcessor(typeof(DecisionHeaders))]
    [ProducesResponseType<DecisionResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    public async Task<IActionResult> CheckAsync([FromBody, ValidateNever] CheckRequest request)
    {
        if (request.Validate() is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        var (decision, wait) = await mediator.Send(
            new CheckCommand(caller.Client, request.ToCheck(), caller.Waited)
        );
        return wait is null ? new DecisionResult(decision) : TooMany(wait);
    }

    /// <summary>Up to 1000 checks at once, in their order, each decided on its own.</summary>
    /// <remarks>
    /// An item that cannot be decided has an <c>error</c> in the place of a decision, and spoils no other.
    /// </remarks>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/check/batch", Name = "CheckBatch")]
    [RequestSizeLimit(MaxBatchBodySize)]
    [ProducesResponseType<CheckBatchResponse>(StatusCodes.Status200OK)]
    public async Task<ActionResult<CheckBatchResponse>> CheckBatchAsync(
        [FromBody, ValidateNever] CheckBatchRequest request
    )
    {
        if (request.Validate() is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var items = request.Checks!;
        var invalid = items.Select(item => item.Validate()).ToList();
        var caller = HttpContext.Caller();
        var (decisions, wait) = await mediator.Send(
            new CheckEachCommand(
                caller.Client,
                [
                    .. items
                        .Where((_, i) => invalid[i] is null)
                        .Select(item => item.Check!.ToCheck()),
                ],
                caller.Waited
            )
        );
        if (decisions is null)
        {
            return TooMany(wait);
        }

        var next = 0;
        return new CheckBatchResponse([
            .. invalid.Select(error =>
                error is null
                    ? CheckBatchResult.From(HttpContext, decisions[next++])
                    : new CheckBatchResult(
                        null,
                        ProblemResponse.ValidationProblem(HttpContext, error)
                    )
            ),
        ]);
    }

    private ObjectResult TooMany(TimeSpan? wait) =>
        ProblemResponse.TooMany(HttpContext, wait, "Too many checks of this client.");
}
