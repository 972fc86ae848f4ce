using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Namotion.Reflection;
using NJsonSchema;
using NSwag;
using NSwag.Generation.AspNetCore;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.OpenApi;

namespace RateLimiter.Api.Docs;

/// <summary>
/// Documents the errors that an operation can respond with, as far as they follow from what it needs: a key, a body, the
/// store. Its own errors are documented on the action. Every error is a problem, and every response has a description.
/// </summary>
internal sealed class CommonResponses : IOperationProcessor
{
    private static readonly Dictionary<int, string> Descriptions = new()
    {
        [200] = "Done.",
        [202] = "Accepted; the operation continues.",
        [204] = "Done; there is no body.",
        [304] = "Not modified since the version that the caller has.",
        [400] = "The request is malformed or invalid: `errors` names the fields.",
        [401] = "The API key is missing or invalid.",
        [403] = "The API key does not have the scope.",
        [404] = "The named resource does not exist.",
        [409] = "The request conflicts with the current state of the client.",
        [412] = "The current version does not match the condition of the request.",
        [413] = "The body is too large.",
        [415] = "The body has an unsupported media type.",
        [422] = "The idempotency key was used with other fields.",
        [429] =
            "Too many requests of this client or from this address, or too many invalid API keys from this address.",
        [503] = "The store is unavailable, or full.",
    };

    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        foreach (var status in StatusesOf(context, operation))
        {
            operation.Responses.TryAdd(Text(status), new OpenApiResponse());
        }

        var answers = operation.Responses.OrderBy(answer => answer.Key).ToList();
        operation.Responses.Clear();
        foreach (var (key, answer) in answers)
        {
            var status = int.Parse(key, CultureInfo.InvariantCulture);
            if (status >= StatusCodes.Status400BadRequest)
            {
                BecomeProblem(context, answer, status);
            }

            if (string.IsNullOrEmpty(answer.Description))
            {
                answer.Description =
                    answer
                        .Schema?.ActualSchema.AllOf.Append(answer.Schema.ActualSchema)
                        .Select(schema => schema.Description)
                        .FirstOrDefault(text => text is not null)
                    ?? Descriptions[status];
            }

            operation.Responses[key] = answer;
        }

        return true;
    }

    private static IEnumerable<int> StatusesOf(
        OperationProcessorContext context,
        OpenApiOperation operation
    )
    {
        // Every operation rejects unknown parameters.
        yield return StatusCodes.Status400BadRequest;
        if (operation.RequestBody is not null)
        {
            yield return StatusCodes.Status413PayloadTooLarge;
            yield return StatusCodes.Status415UnsupportedMediaType;
        }

        if (NeedsKey(context))
        {
            yield return StatusCodes.Status401Unauthorized;
            yield return StatusCodes.Status403Forbidden;
            yield return StatusCodes.Status429TooManyRequests;
        }

        yield return StatusCodes.Status503ServiceUnavailable;
    }

    private static bool NeedsKey(OperationProcessorContext context) =>
        !((AspNetCoreOperationProcessorContext)context)
            .ApiDescription.ActionDescriptor.EndpointMetadata.OfType<IAllowAnonymous>()
            .Any();

    private static void BecomeProblem(
        OperationProcessorContext context,
        OpenApiResponse answer,
        int status
    )
    {
        var problem =
            status == StatusCodes.Status400BadRequest
                ? typeof(ValidationProblemDetails)
                : typeof(ProblemDetails);
        answer.Content.Clear();
        answer.Content[ProblemResponse.ContentType] = new OpenApiMediaType
        {
            Schema = context.SchemaGenerator.GenerateWithReference<JsonSchema>(
                problem.ToContextualType(),
                context.SchemaResolver
            ),
        };
        switch (status)
        {
            case StatusCodes.Status401Unauthorized:
                answer.SetHeader(
                    HeaderNames.WWWAuthenticate,
                    "The required authentication scheme."
                );
                break;
            case StatusCodes.Status429TooManyRequests:
            case StatusCodes.Status503ServiceUnavailable:
                answer.SetHeader(HeaderNames.RetryAfter, "Seconds to wait before retrying.");
                break;
        }
    }

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
