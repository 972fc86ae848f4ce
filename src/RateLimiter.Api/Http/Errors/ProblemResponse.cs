using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Hosting;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;

namespace RateLimiter.Api.Http.Errors;

/// <summary>Responds with a problem, from anywhere in the pipeline.</summary>
internal static class ProblemResponse
{
    /// <summary>The media type of every error.</summary>
    public const string ContentType = "application/problem+json";

    private const string TryLater = "This cannot be answered at the moment.";

    public static ObjectResult Create(HttpContext context, int status, string detail) =>
        Result(Factory(context).CreateProblemDetails(context, status, detail: detail));

    /// <summary>400, with the validation errors of each field.</summary>
    public static ObjectResult Validation(HttpContext context, ModelStateDictionary errors) =>
        Result(ValidationProblem(context, errors));

    /// <inheritdoc cref="Validation(HttpContext, ModelStateDictionary)"/>
    public static ObjectResult Validation(
        HttpContext context,
        IReadOnlyDictionary<string, string[]> errors
    ) => Result(ValidationProblem(context, errors));

    public static ProblemDetails ValidationProblem(
        HttpContext context,
        IReadOnlyDictionary<string, string[]> errors
    )
    {
        var state = new ModelStateDictionary();
        foreach (var (field, messages) in errors)
        {
            foreach (var message in messages)
            {
                state.AddModelError(field, message);
            }
        }

        return ValidationProblem(context, state);
    }

    /// <summary>409, because of a conflict with the client's current state.</summary>
    public static ObjectResult Conflict(HttpContext context, string detail) =>
        Create(context, StatusCodes.Status409Conflict, detail);

    /// <summary>401, because of the key.</summary>
    public static ObjectResult Unauthorized(HttpContext context, string detail)
    {
        context.Response.Headers.WWWAuthenticate = "ApiKey";
        return Create(context, StatusCodes.Status401Unauthorized, detail);
    }

    /// <summary>401, because the client or its key was deleted during the request.</summary>
    public static ObjectResult NoClient(HttpContext context) =>
        Unauthorized(context, ClientRefusal.Deleted);

    /// <summary>403, because the key lacks the scope.</summary>
    public static ObjectResult Forbidden(HttpContext context, string detail) =>
        Create(context, StatusCodes.Status403Forbidden, detail);

    /// <summary>429, with Retry-After, unless waiting does not help.</summary>
    public static ObjectResult TooMany(HttpContext context, TimeSpan? wait, string detail)
    {
        if (wait is { } time)
        {
            context.Response.SetRetryAfter(time);
        }

        return Create(context, StatusCodes.Status429TooManyRequests, detail);
    }

    /// <summary>503, with Retry-After, for end users: it discloses nothing about the cause.</summary>
    public static ObjectResult Unavailable(HttpContext context, TimeSpan wait)
    {
        context.Response.SetRetryAfter(wait);
        return Create(context, StatusCodes.Status503ServiceUnavailable, TryLater);
    }

    /// <summary>404, because no policy applies.</summary>
    public static ProblemDetails NoPolicyProblem(HttpContext context) =>
        Factory(context)
            .CreateProblemDetails(
                context,
                StatusCodes.Status404NotFound,
                detail: CheckRefusal.NoPolicy
            );

    /// <summary>503, because the store did not answer.</summary>
    /// <param name="context">The request.</param>
    /// <param name="isForEndUsers">Whether to disclose nothing about the store.</param>
    public static ProblemDetails StoreProblem(HttpContext context, bool isForEndUsers = false) =>
        Factory(context)
            .CreateProblemDetails(
                context,
                StatusCodes.Status503ServiceUnavailable,
                detail: isForEndUsers ? TryLater : StoreRefusal.Unavailable
            );

    /// <summary>Writes a problem where MVC does not write results.</summary>
    public static Task WriteAsync(HttpContext context, int status, string detail) =>
        WriteAsync(context, Factory(context).CreateProblemDetails(context, status, detail: detail));

    /// <inheritdoc cref="WriteAsync(HttpContext, int, string)"/>
    public static async Task WriteAsync(HttpContext context, ProblemDetails problem)
    {
        context.Response.StatusCode = problem.Status!.Value;
        await context.Response.WriteAsJsonAsync(problem, options: null, ContentType);
    }

    /// <summary>Adds a body to a status without one.</summary>
    public static Task WriteStatusAsync(StatusCodeContext context)
    {
        HeadRequests.CompleteAllow(context.HttpContext.Response);
        return WriteAsync(
            context.HttpContext,
            Factory(context.HttpContext)
                .CreateProblemDetails(context.HttpContext, context.HttpContext.Response.StatusCode)
        );
    }

    /// <summary>Sets Retry-After in whole seconds, rounded up.</summary>
    public static void SetRetryAfter(this HttpResponse response, TimeSpan wait) =>
        response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(
            CultureInfo.InvariantCulture
        );

    private static ValidationProblemDetails ValidationProblem(
        HttpContext context,
        ModelStateDictionary errors
    ) => Factory(context).CreateValidationProblemDetails(context, errors);

    private static ProblemDetailsFactory Factory(HttpContext context) =>
        context.RequestServices.GetRequiredService<ProblemDetailsFactory>();

    /// <summary>Responds with a problem.</summary>
    public static ObjectResult Result(ProblemDetails problem) =>
        new(problem) { StatusCode = problem.Status, ContentTypes = [ContentType] };
}
