using System.Diagnostics.Tracing;
using System.Threading.Channels;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace RateLimiter.Bench;

/// <summary>
/// Measures from outside how many bytes a .NET process allocates: its counter alloc-rate, once a second.
/// </summary>
internal sealed class AllocationCounter : IDisposable
{
    /// <summary>An idle process allocates at most this many bytes per second.</summary>
    private const double Idle = 1_000_000;

    private readonly EventPipeSession session;
    private readonly EventPipeEventSource source;
    private readonly Channel<double> seconds = Channel.CreateUnbounded<double>();
    private readonly Task reading;

    private AllocationCounter(int processId)
    {
        var interval = new Dictionary<string, string> { ["EventCounterIntervalSec"] = "1" };
        session = new DiagnosticsClient(processId).StartEventPipeSession(
            new EventPipeProvider("System.Runtime", EventLevel.Informational, arguments: interval),
            requestRundown: false
        );
        source = new EventPipeEventSource(session.EventStream);
        source.Dynamic.All += Read;
        reading = Task.Run(source.Process);
    }

    public static async Task<AllocationCounter> StartAsync(int processId)
    {
        var counter = new AllocationCounter(processId);
        // Earlier allocations are not counted.
        await counter.seconds.Reader.ReadAsync();
        return counter;
    }

    /// <summary>The bytes since the start, until the process is idle again.</summary>
    public async Task<double> ReadAsync()
    {
        var (bytes, second) = (0.0, 0.0);
        while (seconds.Reader.TryRead(out var earlier))
        {
            bytes += earlier;
        }

        do
        {
            second = await seconds.Reader.ReadAsync();
            bytes += second;
        } while (second > Idle);

        return bytes;
    }

    public void Dispose()
    {
        session.Stop();
        reading.Wait();
        source.Dispose();
        session.Dispose();
    }

    private void Read(TraceEvent trace)
    {
        if (
            trace.EventName == "EventCounters"
            && trace.PayloadValue(0) is IDictionary<string, object> payload
            && payload["Payload"] is IDictionary<string, object> counter
            && counter["Name"] is "alloc-rate"
        )
        {
            seconds.Writer.TryWrite((double)counter["Increment"]);
        }
    }
}
