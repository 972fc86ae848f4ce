using System.Diagnostics.Tracing;
using System.Threading.Channels;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace RateLimiter.Bench;

/// <summary>Reads from outside how many bytes a .NET process allocates: the counter alloc-rate, once a second.</summary>
internal sealed class AllocationCounter : IAsyncDisposable
{
    private readonly EventPipeSession session;
    private readonly EventPipeEventSource source;
    private readonly Channel<long> ticks = Channel.CreateUnbounded<long>();
    private readonly Task reading;

    private AllocationCounter(int processId)
    {
        session = new DiagnosticsClient(processId).StartEventPipeSession(
            new EventPipeProvider(
                "System.Runtime",
                EventLevel.Informational,
                arguments: new Dictionary<string, string> { ["EventCounterIntervalSec"] = "1" }
            ),
            requestRundown: false
        );
        source = new EventPipeEventSource(session.EventStream);
        source.Dynamic.All += Read;
        reading = Task.Run(() => source.Process());
    }

    public static async Task<AllocationCounter> StartAsync(
        int processId,
        CancellationToken cancellationToken
    )
    {
        var counter = new AllocationCounter(processId);
        // What was allocated before belongs to nobody.
        await counter.ticks.Reader.ReadAsync(cancellationToken);
        return counter;
    }

    /// <summary>The bytes that were allocated since the start, with those of the second in which it is asked.</summary>
    public async Task<long> StopAsync(CancellationToken cancellationToken)
    {
        var bytes = 0L;
        while (ticks.Reader.TryRead(out var tick))
        {
            bytes += tick;
        }

        bytes += await ticks.Reader.ReadAsync(cancellationToken);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await session.StopAsync(CancellationToken.None);
        await reading;
        source.Dispose();
        session.Dispose();
    }

    private void Read(TraceEvent trace)
    {
        if (
            trace.EventName == "EventCounters"
            && trace.PayloadValue(0) is IDictionary<string, object> outer
            && outer["Payload"] is IDictionary<string, object> counter
            && counter["Name"] is "alloc-rate"
        )
        {
            ticks.Writer.TryWrite((long)(double)counter["Increment"]);
        }
    }
}
