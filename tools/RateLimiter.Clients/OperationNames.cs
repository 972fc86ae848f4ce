using NSwag;
using NSwag.CodeGeneration.OperationNameGenerators;

namespace RateLimiter.Clients;

/// <summary>One client with a method for each operation, named by its id: Usage_Get and getUsage are both GetUsage.</summary>
internal sealed class OperationNames : IOperationNameGenerator
{
    public bool SupportsMultipleClients => false;

    public string GetClientName(
        OpenApiDocument document,
        string path,
        string httpMethod,
        OpenApiOperation operation
    ) => "";

    public string GetOperationName(
        OpenApiDocument document,
        string path,
        string httpMethod,
        OpenApiOperation operation
    ) => Of(operation);

    public string Of(OpenApiOperation operation) =>
        operation.OperationId.Split('_') switch
        {
            [var noun, var verb] when !verb.Contains(noun, StringComparison.Ordinal) => verb + noun,
            [.., var name] => char.ToUpperInvariant(name[0]) + name[1..],
            _ => throw new InvalidDataException("An operation has no id."),
        };
}
