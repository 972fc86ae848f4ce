using System.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.Api.Http.Errors;

/// <summary>Every error has the form of RFC 9457, with the trace id under which the logs have details.</summary>
internal sealed class ApiProblemDetailsFactory(IOptions<ApiBehaviorOptions> options)
    : ProblemDetailsFactory
{
    public override ProblemDetails CreateProblemDetails(
        HttpContext httpContext,
        int? statusCode = null,
        string? title = null,
        string? type = null,
        string? detail = null,
        string? instance = null
    ) =>
        Complete(
            httpContext,
            new ProblemDetails
            {
                Status = statusCode ?? StatusCodes.Status500InternalServerError,
                Title = title,
                Type = type,
                Detail = detail,
                Instance = instance,
            }
        );

    public override ValidationProblemDetails CreateValidationProblemDetails(
        HttpContext httpContext,
        ModelStateDictionary modelStateDictionary,
        int? statusCode = null,
        string? title = null,
        string? type = null,
        string? detail = null,
        string? instance = null
    )
    {
        var problem = new ValidationProblemDetails(modelStateDictionary)
        {
            Status = statusCode ?? StatusCodes.Status400BadRequest,
            Title = title,
            Type = type,
            Detail = detail ?? "The request has fields that are missing or wrong: see errors.",
            Instance = instance,
        };
        // The framework has no name for a missing body.
        if (problem.Errors.Remove("", out var messages))
        {
            problem.Errors[JsonErrors.Body] = messages;
        }

        return Complete(httpContext, problem);
    }

    private T Complete<T>(HttpContext httpContext, T problem)
        where T : ProblemDetails
    {
        var status = problem.Status!.Value;
        options.Value.ClientErrorMapping.TryGetValue(status, out var known);
        problem.Type ??= known?.Link ?? "about:blank";
        problem.Detail ??= Detail(httpContext.Request, status);
        problem.Title ??= ReasonPhrases.GetReasonPhrase(status);
        problem.Extensions["trace_id"] = TraceIdOf(httpContext);
        return problem;
    }

    // Contains nothing of the request that may hold an API key in the wrong place: problems end up in logs.
    private static string Detail(HttpRequest request, int status) =>
        status switch
        {
            StatusCodes.Status404NotFound => "There is nothing at this path.",
            StatusCodes.Status405MethodNotAllowed => $"This path does not answer {request.Method}.",
            StatusCodes.Status415UnsupportedMediaType =>
                "The body must be JSON in UTF-8, or for PUT /policy/import YAML, and Content-Type must say so.",
            _ => "The request cannot be answered.",
        };

    /// <summary>The id in the response and in the log, which connects the two.</summary>
    internal static string TraceIdOf(HttpContext httpContext) =>
        Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier;
}
