using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Checks;

/// <summary>Rate limit checks.</summary>
[ApiController]
[Tags("Checks")]
public sealed class CheckController(IMediator mediator) : ControllerBase
{
    /// <summary>The maximum body size of a batch, in bytes.</summary>
    private const long MaxBatchBodySize = 1024 * 1024;

    /// <summary>Checks whether a user may do something now, and takes the permits if so.</summary>
    /// <remarks>A denial is also a 200, and consumes nothing: <c>allowed</c> states the verdict.</remarks>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/check", Name = "Check")]
    [OpenApiOperationProcessor(typeof(DecisionHeaders))]
    [OpenApiOperationProcessor(typeof(IdempotencyHeader))]
    [ProducesResponseType<DecisionResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status422UnprocessableEntity)]
    public async Task<IActionResult> CheckAsync([FromBody, ValidateNever] CheckRequest request)
    {
        var (key, headerErrors) = IdempotencyHeader.Read(Request);
        if ((request.Validate() ?? headerErrors) is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        return DecisionResult.Of(
            HttpContext,
            await mediator.Send(
                new CheckCommand(caller.Client, request.ToCheck(key), caller.Waited)
            )
        );
    }

    /// <summary>Checks up to 1000 items at once; each is decided independently, and results keep the order.</summary>
    /// <remarks>
    /// An item that cannot be decided has an <c>error</c> in place of a decision, and does not affect the others.
    /// </remarks>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/check/batch", Name = "CheckBatch")]
    [RequestSizeLimit(MaxBatchBodySize)]
    [ProducesResponseType<CheckBatchResponse>(StatusCodes.Status200OK)]
    public async Task<IActionResult> CheckBatchAsync(
        [FromBody, ValidateNever] CheckBatchRequest request
    )
    {
        if ((request.Validate() ?? IdempotencyHeader.Refusal(Request)) is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var items = request.Checks!;
        var checks = new List<Check>(items.Count);
        Dictionary<int, Dictionary<string, string[]>>? invalid = null;
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Validate() is { } problems)
            {
                (invalid ??= []).Add(i, problems);
            }
            else
            {
                checks.Add(items[i].Check!.ToCheck());
            }
        }

        var caller = HttpContext.Caller();
        var (outcomes, wait, _) = await mediator.Send(
            new CheckEachCommand(caller.Client, checks, caller.Waited)
        );
        return outcomes is null
            ? ProblemResponse.TooMany(HttpContext, wait, CheckRefusal.TooMany)
            : new CheckBatchJson(outcomes, invalid);
    }
}
