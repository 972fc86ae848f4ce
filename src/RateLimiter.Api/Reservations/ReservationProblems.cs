using System.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Reservations;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Api.Reservations;

/// <summary>Responds to a reservation that cannot be settled so.</summary>
internal static class ReservationProblems
{
    /// <param name="context">The request.</param>
    /// <param name="settled">What became of it.</param>
    public static ProblemDetails Of(HttpContext context, Settled settled) =>
        settled switch
        {
            Settled.Unknown => ProblemResponse.Problem(
                context,
                StatusCodes.Status404NotFound,
                ReservationRefusal.Unknown
            ),
            Settled.Refused refused => ProblemResponse.Problem(
                context,
                StatusCodes.Status409Conflict,
                ReservationRefusal.Of(refused.Why)
            ),
            _ => throw new UnreachableException(),
        };

    /// <inheritdoc cref="Of"/>
    public static ObjectResult Result(HttpContext context, Settled settled) =>
        ProblemResponse.Result(Of(context, settled));
}
