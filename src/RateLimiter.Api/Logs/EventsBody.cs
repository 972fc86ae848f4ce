using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Logs;

/// <summary>Documents that a response is a stream of events; the schema is that of their data.</summary>
internal sealed class EventsBody : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var answer = context.OperationDescription.Operation.Responses["200"];
        answer.Description =
            "A stream of server-sent events. This is the data of an event `decision` or `change`.";
        var data = answer.Content["application/json"];
        answer.Content.Clear();
        answer.Content[DecisionStreamResult.ContentType] = data;
        return true;
    }
}
