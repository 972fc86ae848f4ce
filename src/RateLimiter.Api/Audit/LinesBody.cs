using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Audit;

/// <summary>Documents that a response has one JSON object per line.</summary>
internal sealed class LinesBody : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var contents = context.OperationDescription.Operation.Responses["200"].Content;
        var line = contents["application/json"];
        contents.Clear();
        contents[AuditExportResult.ContentType] = line;
        return true;
    }
}
