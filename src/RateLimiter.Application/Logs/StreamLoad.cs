using Microsoft.Extensions.Options;

namespace RateLimiter.Application.Logs;

/// <summary>
/// How much all who follow on this instance get together: the more they are, the less often and the less each of them, so
/// that they take no more from the checks.
/// </summary>
internal sealed class StreamLoad(IOptions<StreamOptions> options)
{
    /// <summary>So many are served as if each were alone.</summary>
    private const int FewStreams = 100;

    private const int MaxSlowdown = 10;

    /// <summary>The least time between two deliveries, so that many decisions are sent at once.</summary>
    internal static readonly TimeSpan MinRest = TimeSpan.FromMilliseconds(50);

    private volatile int streams;
    private long dropped;

    /// <summary>How many follow.</summary>
    public int Streams
    {
        get => streams;
        set => streams = value;
    }

    /// <summary>How many decisions were left out of streams so far.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>How many decisions a second each of them gets at most.</summary>
    public int EventsPerSecond =>
        Math.Max(
            1,
            Math.Min(
                options.Value.EventsPerSecond,
                options.Value.EventsPerSecondPerInstance / Math.Max(1, streams)
            )
        );

    /// <summary>Counts decisions that a stream leaves out.</summary>
    public void Drop(long decisions) => Interlocked.Add(ref dropped, decisions);

    /// <summary>How long to wait between two deliveries.</summary>
    public TimeSpan Rest => MinRest * Math.Clamp(streams / FewStreams, 1, MaxSlowdown);
}
