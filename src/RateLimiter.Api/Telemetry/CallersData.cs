using System.Diagnostics;
using OpenTelemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>
/// Leaves out of the spans of requests what callers wrote: in a path there may be the id of a key, or a key in the wrong place.
/// The route says which operation it was.
/// </summary>
internal sealed class CallersData : BaseProcessor<Activity>
{
    private static readonly string[] Attributes = ["url.path", "url.query", "user_agent.original"];

    public override void OnEnd(Activity data)
    {
        if (data.Kind == ActivityKind.Server)
        {
            foreach (var attribute in Attributes)
            {
                data.SetTag(attribute, null);
            }
        }
    }
}
