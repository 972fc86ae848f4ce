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
/// Says which errors an operation can answer with, as far as they follow from what it needs: a key, a body, the store. Those
/// of its own stand on the action. Every error is a problem, and every answer has a description.
/// </summary>
internal sealed class CommonResponses : IOperationProcessor
{
    private static readonly Dictionary<int, string> Descriptions = new()
    {
        [200] = "Done.",
        [202] = "It goes on.",
        [204] = "Done. There is nothing to tell.",
        [304] = "What the caller has already is what there is.",
        [400] = "The request is malformed, or says what it may not: `errors` names the fields.",
        [401] = "The API key is missing or not valid.",
        [403] = "The API key does not have the scope.",
        [404] = "What it names is not there.",
        [409] = "It does not go together with what the client has.",
        [412] = "What is there is not the version that the request is for.",
        [413] = "The body is too large.",
        [415] = "The body is of another media type.",
        [429] =
            "Too many calls of this client or from this address, or too many invalid API keys from it.",
        [503] = "The store does not answer, or is full.",
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
        // No operation takes a parameter that it does not know.
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
                answer.SetHeader(HeaderNames.WWWAuthenticate, "What is wanted.");
                break;
            case StatusCodes.Status429TooManyRequests:
            case StatusCodes.Status503ServiceUnavailable:
                answer.SetHeader(HeaderNames.RetryAfter, "In how many seconds to come again.");
                break;
        }
    }

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
