using Microsoft.Net.Http.Headers;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Http.OpenApi;
using RateLimiter.Api.Http.Yaml;

namespace RateLimiter.Api.Policies;

/// <summary>Documents that an operation also accepts or returns its document as YAML.</summary>
internal sealed class YamlBodies : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        var contents = operation.RequestBody?.Content;
        if (contents is null)
        {
            var answer = operation.Responses["200"];
            answer.SetHeader(HeaderNames.ContentDisposition, "A file name for the document.");
            contents = answer.Content;
        }

        var json = contents["application/json"];
        contents[DocumentFormats.Yaml] = new OpenApiMediaType
        {
            Schema = json.Schema,
            Example = json.Example,
        };
        return true;
    }
}
