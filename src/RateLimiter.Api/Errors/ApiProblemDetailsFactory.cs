using System.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Errors;

/// <summary>Every error has the form of RFC 9457, with the trace id under which the logs tell more.</summary>
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
    ) =>
        Complete(
            httpContext,
            new ValidationProblemDetails(modelStateDictionary)
            {
                Status = statusCode ?? StatusCodes.Status400BadRequest,
                Title = title,
                Type = type,
                Detail = detail,
                Instance = instance,
            }
        );

    private T Complete<T>(HttpContext httpContext, T problem)
        where T : ProblemDetails
    {
        var status = problem.Status!.Value;
        options.Value.ClientErrorMapping.TryGetValue(status, out var known);
        problem.Type ??= known?.Link ?? "about:blank";
        problem.Title ??= ReasonPhrases.GetReasonPhrase(status);
        problem.Extensions["trace_id"] =
            Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier;
        return problem;
    }
}
