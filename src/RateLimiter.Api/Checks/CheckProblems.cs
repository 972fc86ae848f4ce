using System.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Reservations;
using RateLimiter.Application.Validation;

namespace RateLimiter.Api.Checks;

/// <summary>Responds to a check that cannot be decided.</summary>
internal static class CheckProblems
{
    /// <param name="context">The request.</param>
    /// <param name="problem">Why the check cannot be decided.</param>
    /// <param name="field">The caller's name of the field of a subject, by its name; null for that of a body.</param>
    public static ProblemDetails Of(
        HttpContext context,
        CheckProblem problem,
        Func<string, string>? field = null
    ) =>
        problem switch
        {
            CheckProblem.NoPolicy => ProblemResponse.NoPolicyProblem(context),
            CheckProblem.OnlyReservations => ProblemResponse.Problem(
                context,
                StatusCodes.Status409Conflict,
                CheckRefusal.OnlyReservations
            ),
            CheckProblem.SubjectsMissing missing => ProblemResponse.ValidationProblem(
                context,
                missing.Errors(field ?? SubjectRules.Field)
            ),
            CheckProblem.KeyReused => ProblemResponse.Problem(
                context,
                StatusCodes.Status422UnprocessableEntity,
                CheckRefusal.KeyReused
            ),
            CheckProblem.TooManyKeys => ProblemResponse.Problem(
                context,
                StatusCodes.Status429TooManyRequests,
                CheckRefusal.TooManyKeys
            ),
            CheckProblem.TooManyReservations it => ProblemResponse.Problem(
                context,
                StatusCodes.Status429TooManyRequests,
                it.OfClient ? ReservationRefusal.TooManyOfClient : ReservationRefusal.TooMany
            ),
            CheckProblem.NobodyNamed => ProblemResponse.ValidationProblem(
                context,
                new Dictionary<string, string[]> { ["user_id"] = [FieldRules.Required] }
            ),
            CheckProblem.NoSuchLimit it => ProblemResponse.ValidationProblem(
                context,
                new Dictionary<string, string[]>
                {
                    [
                        it.Limit is not null ? "limit"
                        : it.Usage.Subjects is { } subjects
                            ? SubjectQuery.Field(subjects.Keys.First())
                        : "user_id"
                    ] = [CheckRefusal.NoSuchLimit],
                }
            ),
            _ => throw new UnreachableException(),
        };

    /// <inheritdoc cref="Of"/>
    public static ObjectResult Result(
        HttpContext context,
        CheckProblem problem,
        Func<string, string>? field = null
    )
    {
        var wait = problem switch
        {
            CheckProblem.TooManyKeys tooMany => tooMany.RetryAfter,
            CheckProblem.TooManyReservations => TimeSpan.FromSeconds(1),
            _ => (TimeSpan?)null,
        };
        if (wait is { } time)
        {
            context.Response.SetRetryAfter(time);
        }

        return ProblemResponse.Result(Of(context, problem, field));
    }
}
