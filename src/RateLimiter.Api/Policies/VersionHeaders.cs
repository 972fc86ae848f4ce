using Microsoft.Net.Http.Headers;
using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Http.OpenApi;

namespace RateLimiter.Api.Policies;

/// <summary>
/// Documents the ETags that an operation accepts and returns, in headers that the action reads and writes itself.
/// </summary>
internal sealed class VersionHeaders : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var (operation, method) = (
            context.OperationDescription.Operation,
            context.OperationDescription.Method
        );
        if (method == OpenApiOperationMethod.Get)
        {
            Take(
                operation,
                HeaderNames.IfNoneMatch,
                "The ETag of the version that the caller has."
            );
            Give(operation, "304");
        }
        else
        {
            Take(
                operation,
                HeaderNames.IfMatch,
                "ETags, one of which must be that of the current version; * for any version."
            );
            Take(operation, HeaderNames.IfNoneMatch, "* if there must be no current version.");
        }

        if (method == OpenApiOperationMethod.Get || method == OpenApiOperationMethod.Post)
        {
            Give(operation, "200");
        }

        return true;
    }

    private static void Take(OpenApiOperation operation, string header, string description) =>
        operation.Parameters.Add(
            new OpenApiParameter
            {
                Kind = OpenApiParameterKind.Header,
                Name = header,
                Description = description,
                Schema = new JsonSchema { Type = JsonObjectType.String },
            }
        );

    private static void Give(OpenApiOperation operation, string status) =>
        operation.Responses[status].SetHeader(HeaderNames.ETag, "The version tag.");
}
