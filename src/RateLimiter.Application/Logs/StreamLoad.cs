using Microsoft.Extensions.Options;

namespace RateLimiter.Application.Logs;

/// <summary>
/// Divides the capacity for streams on this instance: the more streams are open, the fewer events each gets and the less often,
/// so that their total load does not slow down checks.
/// </summary>
internal sealed class StreamLoad(IOptions<StreamOptions> options)
{
    /// <summary>Up to this number, the delivery interval is not lengthened.</summary>
    private const int FewStreams = 100;

    private const int MaxSlowdown = 10;

    /// <summary>The minimum time between two deliveries, so that many decisions are sent at once.</summary>
    internal static readonly TimeSpan MinRest = TimeSpan.FromMilliseconds(50);

    private volatile int streams;
    private long dropped;

    /// <summary>The number of open streams.</summary>
    public int Streams
    {
        get => streams;
        set => streams = value;
    }

    /// <summary>The number of decisions dropped from streams so far.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>The maximum number of decisions per second for each stream.</summary>
    public int EventsPerSecond =>
        Math.Max(
            1,
            Math.Min(
                options.Value.EventsPerSecond,
                options.Value.EventsPerSecondPerInstance / Math.Max(1, streams)
            )
        );

    /// <summary>Counts decisions that were dropped from a stream.</summary>
    public void Drop(long decisions) => Interlocked.Add(ref dropped, decisions);

    /// <summary>The time between two deliveries.</summary>
    public TimeSpan Rest => MinRest * Math.Clamp(streams / FewStreams, 1, MaxSlowdown);
}
