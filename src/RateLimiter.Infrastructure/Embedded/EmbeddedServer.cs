using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Garnet;
using Garnet.common;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// A Garnet server, with the arguments that the store needs and internals that no command exposes. It listens on a Unix
/// socket, with a password generated at start.
/// </summary>
internal sealed class EmbeddedServer : GarnetServer
{
    /// <summary>
    /// The lower bound of Garnet's memory limit. Beyond the limit Garnet silently evicts its oldest data, so the limit
    /// must never be reached: a compaction temporarily needs as much memory again as the data.
    /// </summary>
    private const long MinGarnetMemory = 16L << 30;

    private const long GarnetReserve = 64 << 20;

    /// <param name="directory">The data directory.</param>
    /// <param name="maxBytes">The most memory that its data may use.</param>
    /// <param name="socket">The path of its socket.</param>
    public EmbeddedServer(string directory, long maxBytes, string socket)
        : this(directory, maxBytes, socket, RandomNumberGenerator.GetHexString(64)) { }

    private EmbeddedServer(string directory, long maxBytes, string socket, string password)
        : base(Arguments(directory, maxBytes, socket, password)) =>
        Configuration = new ConfigurationOptions
        {
            EndPoints = { new UnixDomainSocketEndPoint(socket) },
            Password = password,
        };

    /// <summary>How to connect to it.</summary>
    public ConfigurationOptions Configuration { get; }

    /// <summary>
    /// The memory that the data uses: the pages of Garnet's log, and its objects. Garnet itself compares it with its
    /// memory limit, to evict what exceeds it.
    /// </summary>
    public long Used =>
        storeWrapper.store.Log.MemorySizeBytes + storeWrapper.store.Log.HeapSizeBytes;

    /// <summary>
    /// Makes everything that is in memory by now read-only, which is a precondition of its compaction: the latest
    /// version of each record is copied behind the others, and the memory of all earlier versions is released.
    /// </summary>
    public void Freeze() => storeWrapper.store.Log.Flush(wait: true);

    /// <summary>
    /// The address at which the append-only log begins, and the address up to which it is written and immutable.
    /// </summary>
    public (long Begin, long End) LogAddresses()
    {
        var metrics = Metrics.GetInfoMetrics(InfoMetricsType.PERSISTENCE);
        return (Address("CommittedBeginAddress"), Address("CommittedUntilAddress"));

        long Address(string name) =>
            long.Parse(
                metrics.Single(metric => metric.Name == name).Value,
                CultureInfo.InvariantCulture
            );
    }

    private static string[] Arguments(
        string directory,
        long maxBytes,
        string socket,
        string password
    ) =>
        [
            "--unixsocket",
            socket,
            "--unixsocketperm",
            "700",
            // Garnet insists on a TCP port too. Use a free one, so that it conflicts with nothing.
            "--bind",
            "127.0.0.1",
            "--port",
            "0",
            "--auth",
            "Password",
            "--password",
            password,
            "--lua",
            // Without it a script is not atomic with respect to other connections.
            "--lua-transaction-mode",
            "--aof",
            "--recover",
            // LogCommits commits for each reply. Garnet's own commit modes are slower, or do not wait.
            "--aof-commit-freq",
            "-1",
            "--aof-segment-size",
            $"{1 << LogHash.SegmentBits}",
            "--fail-on-recovery-error",
            "--checkpointdir",
            directory,
            // The default device needs libaio, which is not available everywhere.
            "--device-type",
            "RandomAccess",
            "--page",
            "1m",
            "--memory",
            $"{Math.Max(MinGarnetMemory, 2 * maxBytes + GarnetReserve) >> 20}m",
            // Garnet precedes a snapshot by a compaction of the data in memory when that is larger than this.
            "--segment",
            "16m",
            "--compaction-type",
            "Lookup",
            "--compaction-max-segments",
            "1",
            // This is part of every snapshot, and grows when there are more than about two million keys.
            "--index",
            "16m",
            "--aof-memory",
            "16m",
            "--aof-page-size",
            "4m",
            // No banner, and no warning about a torn end of the file, which is what a kill leaves behind.
            "-q",
            "--logger-level",
            "Error",
        ];
}
