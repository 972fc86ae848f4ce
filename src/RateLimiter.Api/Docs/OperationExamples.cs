using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Docs;

/// <summary>
/// Adds to each operation the examples of its file in <c>Docs/Examples</c>, which has the name of the operation: for
/// <c>parameters</c>, for the <c>request</c>, and for the <c>responses</c> by status. The tests execute them.
/// </summary>
internal sealed class OperationExamples : IDocumentProcessor
{
    public void Process(DocumentProcessorContext context)
    {
        // After all operations are complete: the processors on actions run last, and may add parameters.
        foreach (var description in context.Document.Operations)
        {
            Process(description.Operation);
        }
    }

    private static void Process(OpenApiOperation operation)
    {
        if (Read(operation.OperationId) is not { } examples)
        {
            return;
        }

        foreach (var (name, example) in Members(examples, "parameters"))
        {
            operation.Parameters.Single(parameter => parameter.Name == name).Example = example;
        }

        foreach (var content in operation.RequestBody?.Content.Values ?? [])
        {
            content.Example = examples["request"];
        }

        foreach (var (status, example) in Members(examples, "responses"))
        {
            foreach (var content in operation.Responses[status].Content.Values)
            {
                content.Example = example;
            }
        }
    }

    private static JObject? Read(string operation)
    {
        using var file = typeof(OperationExamples).Assembly.GetManifestResourceStream(
            $"{typeof(OperationExamples).Namespace}.Examples.{operation}.json"
        );
        if (file is null)
        {
            return null;
        }

        using var reader = new StreamReader(file);
        // Times stay text, exactly as written.
        using var json = new JsonTextReader(reader) { DateParseHandling = DateParseHandling.None };
        return JObject.Load(json);
    }

    private static JObject Members(JObject examples, string name) =>
        examples[name] as JObject ?? [];
}
