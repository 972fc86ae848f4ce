using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Registration;

/// <summary>Says that registering may want a token, in a header that the action reads by itself.</summary>
internal sealed class RegistrationTokenParameter : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        context.OperationDescription.Operation.Parameters.Add(
            new OpenApiParameter
            {
                Kind = OpenApiParameterKind.Header,
                Name = RegisterController.TokenHeader,
                Description = "The registration token, where the service wants one.",
                Schema = new JsonSchema { Type = JsonObjectType.String },
            }
        );
        return true;
    }
}
