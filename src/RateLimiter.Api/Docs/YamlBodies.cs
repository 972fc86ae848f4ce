using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Yaml;

namespace RateLimiter.Api.Docs;

/// <summary>Says that an operation takes or gives its document as YAML too.</summary>
internal sealed class YamlBodies : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        var contents = operation.RequestBody?.Content ?? operation.Responses["200"].Content;
        var json = contents["application/json"];
        contents[DocumentFormats.Yaml] = new OpenApiMediaType
        {
            Schema = json.Schema,
            Example = json.Example,
        };
        return true;
    }
}
