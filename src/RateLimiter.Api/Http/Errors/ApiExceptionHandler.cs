using Microsoft.AspNetCore.Diagnostics;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;

namespace RateLimiter.Api.Http.Errors;

/// <summary>Turns exceptions into problem responses. Only unexpected ones are logged.</summary>
internal sealed class ApiExceptionHandler(ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    private const string Malformed = "The request is malformed.";

    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext,
        Exception exception,
        CancellationToken cancellationToken
    )
    {
        switch (exception)
        {
            case StoreFullException:
                httpContext.Response.SetRetryAfter(StoreFullException.RetryAfter);
                await ProblemResponse.WriteAsync(
                    httpContext,
                    StatusCodes.Status503ServiceUnavailable,
                    StoreRefusal.Full
                );
                return true;

            case StoreUnavailableException:
                httpContext.Response.SetRetryAfter(StoreFallback.RetryAfter);
                await ProblemResponse.WriteAsync(
                    httpContext,
                    ProblemResponse.StoreProblem(httpContext, IsForEndUsers(httpContext))
                );
                return true;

            case BadHttpRequestException refused:
                await ProblemResponse.WriteAsync(
                    httpContext,
                    refused.StatusCode,
                    refused.StatusCode switch
                    {
                        StatusCodes.Status408RequestTimeout => "The body comes too slowly.",
                        StatusCodes.Status413PayloadTooLarge => "The body is too large.",
                        _ => Malformed,
                    }
                );
                return true;

            // The web server's exception for a chunk whose size overflows.
            case IOException { InnerException: OverflowException }:
                await ProblemResponse.WriteAsync(
                    httpContext,
                    StatusCodes.Status400BadRequest,
                    Malformed
                );
                return true;

            case OperationCanceledException when httpContext.RequestAborted.IsCancellationRequested:
                // The caller has disconnected: the response is not read.
                httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                return true;

            default:
                logger.Unforeseen(exception, ApiProblemDetailsFactory.TraceIdOf(httpContext));
                await ProblemResponse.WriteAsync(
                    httpContext,
                    StatusCodes.Status500InternalServerError,
                    "Something went wrong here. The service's log tells more under the trace id."
                );
                return true;
        }
    }

    // The exception handler has removed the endpoint from the request itself.
    private static bool IsForEndUsers(HttpContext context) =>
        context
            .Features.Get<IExceptionHandlerFeature>()
            ?.Endpoint?.Metadata.GetMetadata<ForEndUsersAttribute>()
            is not null;
}

internal static partial class ErrorMessages
{
    [LoggerMessage(4, LogLevel.Error, "Unexpected error, trace id {TraceId}")]
    public static partial void Unforeseen(this ILogger logger, Exception exception, string traceId);
}
