using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace RateLimiter.Api.Errors;

/// <summary>Answers with a problem, from wherever in the pipeline.</summary>
internal static class ProblemResponse
{
    private const string ContentType = "application/problem+json";

    public static ObjectResult Create(HttpContext context, int status, string detail) =>
        Result(Factory(context).CreateProblemDetails(context, status, detail: detail));

    /// <summary>400, with what is wrong with each field.</summary>
    public static ObjectResult Validation(HttpContext context, ModelStateDictionary faults) =>
        Result(
            Factory(context)
                .CreateValidationProblemDetails(
                    context,
                    faults,
                    detail: "The request has fields that are missing or wrong: see errors."
                )
        );

    /// <summary>Writes a problem where there is no MVC to write a result.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(
            Factory(context).CreateProblemDetails(context, status, detail: detail),
            options: null,
            ContentType
        );
    }

    /// <summary>Gives a body to a status that came without one.</summary>
    public static Task WriteStatusAsync(StatusCodeContext context)
    {
        var request = context.HttpContext.Request;
        var status = context.HttpContext.Response.StatusCode;
        return WriteAsync(
            context.HttpContext,
            status,
            status switch
            {
                StatusCodes.Status404NotFound => $"There is nothing at {request.Path}.",
                StatusCodes.Status405MethodNotAllowed =>
                    $"{request.Path} does not answer {request.Method}.",
                StatusCodes.Status415UnsupportedMediaType =>
                    "The body must be JSON in UTF-8, and Content-Type must say so.",
                _ => "The request cannot be answered.",
            }
        );
    }

    /// <summary>Tells the caller when to come again, in whole seconds, rounded up.</summary>
    public static void SetRetryAfter(this HttpResponse response, TimeSpan wait) =>
        response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(
            CultureInfo.InvariantCulture
        );

    private static ProblemDetailsFactory Factory(HttpContext context) =>
        context.RequestServices.GetRequiredService<ProblemDetailsFactory>();

    private static ObjectResult Result(ProblemDetails problem) =>
        new(problem) { StatusCode = problem.Status, ContentTypes = [ContentType] };
}
