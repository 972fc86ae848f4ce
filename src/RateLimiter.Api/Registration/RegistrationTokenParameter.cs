using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Registration;

/// <summary>Documents that registration may require a token, in a header that the action reads itself.</summary>
internal sealed class RegistrationTokenParameter : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        context.OperationDescription.Operation.Parameters.Add(
            new OpenApiParameter
            {
                Kind = OpenApiParameterKind.Header,
                Name = RegisterController.TokenHeader,
                Description = "The registration token, if the service requires one.",
                Schema = new JsonSchema { Type = JsonObjectType.String },
            }
        );
        return true;
    }
}
