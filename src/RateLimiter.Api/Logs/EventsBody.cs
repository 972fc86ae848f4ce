using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Logs;

/// <summary>Says that an answer is a stream of events, of which the schema is that of their data.</summary>
internal sealed class EventsBody : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var answer = context.OperationDescription.Operation.Responses["200"];
        answer.Description = "A stream of events. The data of an event `decision` is this.";
        var data = answer.Content["application/json"];
        answer.Content.Clear();
        answer.Content[DecisionStreamResult.ContentType] = data;
        return true;
    }
}
