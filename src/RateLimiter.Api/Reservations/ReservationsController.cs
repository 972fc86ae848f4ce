using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using NSwag.Annotations;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Reservations;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Api.Reservations;

/// <summary>Permits that are held until the true cost is known.</summary>
[ApiController]
[Tags("Reservations")]
public sealed class ReservationsController(IMediator mediator) : ControllerBase
{
    /// <summary>The maximum body size of a batch, in bytes.</summary>
    private const long MaxBatchBodySize = 1024 * 1024;

    /// <summary>Takes permits now, to be settled when the true cost is known.</summary>
    /// <remarks>They come back by themselves if nobody settles them in time. A denial is also a 200, and holds nothing.</remarks>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/reservations", Name = "Reserve")]
    [OpenApiOperationProcessor(typeof(DecisionHeaders))]
    [OpenApiOperationProcessor(typeof(IdempotencyHeader))]
    [ProducesResponseType<ReservationResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status422UnprocessableEntity)]
    public async Task<IActionResult> ReserveAsync(
        [FromBody, ValidateNever] ReserveRequest request,
        CancellationToken cancellationToken
    )
    {
        var (key, headerErrors) = IdempotencyHeader.Read(Request);
        if ((request.Validate() ?? headerErrors) is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        var (reserved, wait, problem) = await mediator.Send(
            new ReserveCommand(
                caller.Client,
                request.ToCheck(key),
                request.ToTerms(),
                caller.Waited
            ),
            cancellationToken
        );
        if (problem is not null)
        {
            return CheckProblems.Result(HttpContext, problem);
        }

        if (reserved is null)
        {
            return ProblemResponse.TooMany(HttpContext, wait, CheckRefusal.TooMany);
        }

        RateLimitHeaders.Write(Response, reserved.Decision);
        IdempotencyHeader.WriteTo(Response, reserved.Decision);
        return Ok(ReservationResponse.From(reserved));
    }

    /// <summary>Charges what was used, and gives the rest back.</summary>
    /// <remarks>
    /// The cost is the total so far, so that repeating a commit changes nothing. More than was reserved is charged too, over the limit
    /// if need be.
    /// </remarks>
    /// <param name="id">The id of the reservation.</param>
    /// <param name="request">What was used.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/reservations/{id}/commit", Name = "CommitReservation")]
    [ProducesResponseType<CommitResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public Task<IActionResult> CommitAsync(
        string id,
        [FromBody, ValidateNever] CommitRequest request,
        CancellationToken cancellationToken
    ) =>
        SettleAsync(
            id,
            request.Validate(),
            request.ToSettlement,
            settled => settled is Settled.Committed it ? Ok(CommitResponse.From(it)) : null,
            cancellationToken
        );

    /// <summary>Holds a reservation for longer.</summary>
    /// <param name="id">The id of the reservation.</param>
    /// <param name="request">For how long from now on.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/reservations/{id}/extend", Name = "ExtendReservation")]
    [ProducesResponseType<ExtendResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public Task<IActionResult> ExtendAsync(
        string id,
        [FromBody, ValidateNever] ExtendRequest request,
        CancellationToken cancellationToken
    ) =>
        SettleAsync(
            id,
            request.Validate(),
            request.ToSettlement,
            settled => settled is Settled.Extended it ? Ok(new ExtendResponse(it.ExpiresAt)) : null,
            cancellationToken
        );

    /// <summary>Gives back what a reservation holds.</summary>
    /// <remarks>Costs that were committed before stay charged. Repeating it, also after the reservation has expired, changes nothing.</remarks>
    /// <param name="id">The id of the reservation.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpDelete("/reservations/{id}", Name = "ReleaseReservation")]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public Task<IActionResult> ReleaseAsync(string id, CancellationToken cancellationToken) =>
        SettleAsync(
            id,
            errors: null,
            () => new Settlement.Release(),
            settled => settled is Settled.Returned ? NoContent() : null,
            cancellationToken
        );

    /// <summary>Commits up to 1000 reservations at once, each on its own; results keep the order.</summary>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/reservations/commit", Name = "CommitReservations")]
    [RequestSizeLimit(MaxBatchBodySize)]
    [ProducesResponseType<CommitBatchResponse>(StatusCodes.Status200OK)]
    public Task<IActionResult> CommitEachAsync(
        [FromBody, ValidateNever] CommitBatchRequest request,
        CancellationToken cancellationToken
    ) =>
        SettleEachAsync(
            request.Items,
            item => item.Validate(),
            item => (item.ReservationId!, new CommitRequest(item.Cost, item.Final).ToSettlement()),
            settled => settled is Settled.Committed it ? CommitResponse.From(it) : null,
            (result, error) => new CommitResult(result, error),
            results => new CommitBatchResponse(results),
            cancellationToken
        );

    /// <summary>Extends up to 1000 reservations at once, each on its own; results keep the order.</summary>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [HttpPost("/reservations/extend", Name = "ExtendReservations")]
    [RequestSizeLimit(MaxBatchBodySize)]
    [ProducesResponseType<ExtendBatchResponse>(StatusCodes.Status200OK)]
    public Task<IActionResult> ExtendEachAsync(
        [FromBody, ValidateNever] ExtendBatchRequest request,
        CancellationToken cancellationToken
    ) =>
        SettleEachAsync(
            request.Items,
            item => item.Validate(),
            item => (item.ReservationId!, new ExtendRequest(item.TtlSeconds).ToSettlement()),
            settled => settled is Settled.Extended it ? new ExtendResponse(it.ExpiresAt) : null,
            (result, error) => new ExtendResult(result, error),
            results => new ExtendBatchResponse(results),
            cancellationToken
        );

    /// <summary>The open reservations of a user or another subject, the first to expire first.</summary>
    /// <remarks>Of an id only the beginning is shown, which cannot settle the reservation.</remarks>
    /// <param name="routeKey">The route.</param>
    /// <param name="userId">The user; required unless another subject is named, or a limit is one for all.</param>
    /// <param name="role">The user's role; the default role when omitted.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.Check | Scopes.UsageWrite)]
    [HttpGet("/reservations", Name = "GetReservations")]
    [QueryPrefix(SubjectQuery.Prefix)]
    [OpenApiOperationProcessor(typeof(SubjectQuery), SubjectQuery.OfCounters)]
    [ProducesResponseType<IReadOnlyList<OpenReservationResponse>>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    public async Task<IActionResult> ListAsync(
        [FromQuery(Name = "route_key"), BindRequired, Name(Names.MaxRouteLength)] string routeKey,
        [FromQuery(Name = "user_id"), Name(Names.MaxUserLength)] string? userId,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        CancellationToken cancellationToken
    )
    {
        var (subjects, errors) = SubjectQuery.Read(Request.Query);
        if (errors is not null)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        var (open, _, problem) = await mediator.Send(
            new ReservationsQuery(
                caller.Client,
                new UsageKey(userId, routeKey, role ?? PolicyKey.DefaultRole, subjects),
                caller.Waited
            ),
            cancellationToken
        );
        return problem is null
            ? Ok(open!.Select(OpenReservationResponse.From).ToList())
            : CheckProblems.Result(HttpContext, problem);
    }

    /// <param name="id">The id of the reservation.</param>
    /// <param name="errors">The errors of the request; null when it is valid.</param>
    /// <param name="settlement">What a valid request does.</param>
    /// <param name="respond">The response when that was done; else null.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    private async Task<IActionResult> SettleAsync(
        string id,
        Dictionary<string, string[]>? errors,
        Func<Settlement> settlement,
        Func<Settled, IActionResult?> respond,
        CancellationToken cancellationToken
    )
    {
        if (errors is not null)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var settled = await mediator.Send(
            new SettleCommand(HttpContext.Caller().Client, id, settlement()),
            cancellationToken
        );
        return respond(settled) ?? ReservationProblems.Result(HttpContext, settled);
    }

    private async Task<IActionResult> SettleEachAsync<TItem, TResult>(
        IReadOnlyList<TItem?>? items,
        Func<TItem, Dictionary<string, string[]>?> validate,
        Func<TItem, (string, Settlement)> toSettlement,
        Func<Settled, object?> respond,
        Func<object?, ProblemDetails?, TResult> create,
        Func<IReadOnlyList<TResult>, object> wrap,
        CancellationToken cancellationToken
    )
        where TItem : class
    {
        if (ReservationRules.BatchProblem(items?.Count) is { } problem)
        {
            return ProblemResponse.Validation(
                HttpContext,
                new Dictionary<string, string[]> { ["items"] = [problem] }
            );
        }

        var invalid = items!.Select(item => item is null ? NoItem : validate(item)).ToList();
        var settled = await mediator.Send(
            new SettleEachCommand(
                HttpContext.Caller().Client,
                [.. items!.Where((_, i) => invalid[i] is null).Select(item => toSettlement(item!))]
            ),
            cancellationToken
        );
        var next = 0;
        return Ok(
            wrap([
                .. invalid.Select(error =>
                    error is null
                        ? Result(settled[next++])
                        : create(null, ProblemResponse.ValidationProblem(HttpContext, error))
                ),
            ])
        );

        TResult Result(Settled? one) =>
            one is null ? create(null, ProblemResponse.StoreProblem(HttpContext))
            : respond(one) is { } response ? create(response, null)
            : create(null, ReservationProblems.Of(HttpContext, one));
    }

    private static Dictionary<string, string[]> NoItem =>
        new() { [JsonErrors.Body] = ["must be an object"] };
}
