using System.Collections.Concurrent;
using System.Diagnostics;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.UnitTests;

/// <summary>The trace of one test, and the spans that have ended in it.</summary>
internal sealed class Traces : IDisposable
{
    private readonly ActivityListener listener;
    private readonly ConcurrentQueue<Activity> ended = [];

    /// <summary>Other tests create spans of the same source concurrently: a separate trace distinguishes them.</summary>
    public Traces()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Instrumentation.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>Starts a span that represents a request.</summary>
    public static Activity Begin()
    {
        Activity.Current = null;
        return Instrumentation.Spans.StartActivity("request")!;
    }

    /// <summary>The ended spans of the trace, without that of the request.</summary>
    public IReadOnlyList<Activity> Of(Activity request) =>
        [.. ended.Where(span => span.TraceId == request.TraceId && span != request)];

    public void Dispose() => listener.Dispose();
}
