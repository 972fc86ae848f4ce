using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>Appends entries to logs in the store. Entries that may have been written are not written again.</summary>
/// <param name="connection">The connection to the store.</param>
/// <param name="capacity">The most entries that a log keeps.</param>
/// <param name="time">The clock of the logs' expiry.</param>
/// <param name="isCrowded">Whether so many other entries wait that these may wait no longer.</param>
internal sealed class LogWriter(
    RedisConnection connection,
    int capacity,
    TimeProvider time,
    Func<bool> isCrowded
)
{
    /// <summary>Fewer would need more calls, more would delay checks.</summary>
    private const int MaxEntriesPerCall = 1000;

    /// <summary>The number of arguments before those of the logs.</summary>
    private const int HeaderLength = 2;

    /// <summary>The number of arguments of a log before its entries.</summary>
    private const int LogHeaderLength = 4;

    /// <summary>How long a log is kept after the last entry, to within <see cref="ProlongInterval"/>.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    /// <summary>
    /// How often a log's expiry is extended: doing so with every write would be a third of the cost of many clients.
    /// </summary>
    private static readonly TimeSpan ProlongInterval = TimeSpan.FromHours(1);

    /// <summary>For how long a log is kept in any case.</summary>
    public static TimeSpan LeastRetention => Retention - ProlongInterval;

    /// <summary>The most logs that are remembered as having had their expiry extended.</summary>
    private const int MaxProlonged = 100_000;

    private static readonly RedisScript Append = RedisScript.Load("append_log");

    private readonly HashSet<LogId> prolonged = [];
    private long prolongedSince;
    private long dropped;

    /// <summary>Called with each client whose entries were written.</summary>
    public event Action<ClientId>? Written;

    /// <summary>The number of entries that could not be written.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Writes the entries of any number of logs, each of which is there once. One call at a time.</summary>
    public Task WriteAsync(IReadOnlyList<PendingEntries> logs, CancellationToken stoppingToken)
    {
        if (
            time.GetElapsedTime(prolongedSince) >= ProlongInterval
            || prolonged.Count >= MaxProlonged
        )
        {
            prolonged.Clear();
            prolongedSince = time.GetTimestamp();
        }

        return Task.WhenAll(CallsFor(logs).Select(call => SendAsync(call, stoppingToken)));
    }

    // A call has many logs, so that many clients do not need many calls; in a cluster, the logs of one slot.
    private List<List<PendingEntries>> CallsFor(IEnumerable<PendingEntries> logs)
    {
        var calls = new List<List<PendingEntries>>();
        var (count, slot) = (0, 0);
        foreach (var it in connection.IsCluster ? logs.OrderBy(SlotOf) : logs)
        {
            if (calls.Count == 0 || count + it.Count > MaxEntriesPerCall || slot != SlotOf(it))
            {
                calls.Add([]);
                (count, slot) = (0, SlotOf(it));
            }

            calls[^1].Add(it);
            count += it.Count;
        }

        return calls;

        int SlotOf(PendingEntries it) => connection.SlotOf(it.Log.Key);
    }

    private async Task SendAsync(List<PendingEntries> logs, CancellationToken stoppingToken)
    {
        RedisKey[] keys =
        [
            .. logs.Select(it => it.Log.Key),
            .. logs.Select(it => RedisKeys.Client(it.Log.Client)),
        ];
        var unsent = logs.Sum(it => it.Count);
        foreach (var (values, count) in ArgumentsOf(logs))
        {
            if (!await TrySendAsync(keys, values, stoppingToken))
            {
                // The memory is not given back: the connection may still send what nobody waits for any more.
                Interlocked.Add(ref dropped, unsent);
                return;
            }

            unsent -= count;
        }

        foreach (var it in logs)
        {
            it.Return();
            Written?.Invoke(it.Log.Client);
        }
    }

    /// <returns>False when they may have been written and must not be written twice, or there is no room to wait any longer.</returns>
    private async Task<bool> TrySendAsync(
        RedisKey[] keys,
        RedisValue[] values,
        CancellationToken stoppingToken
    )
    {
        while (true)
        {
            try
            {
                connection.Room.Ensure();
                await connection.AskAsync(
                    keys[0],
                    database => Append.EvaluateAsync(database, keys, values),
                    connection.AdministrativeTimeout,
                    stoppingToken
                );
                return true;
            }
            catch (StoreUnavailableException exception)
                when ((exception.InnerException is null || RedisConnection.WasNotSent(exception))
                    && !isCrowded()
                )
            {
                // Nothing was sent. These entries wait until they can be sent, and others behind them, while there is room.
                await Task.Delay(RedisLink.ReconnectInterval, stoppingToken);
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }
    }

    /// <summary>
    /// The arguments of a call, or of several one after the other for a log that is alone and has more than fit into one.
    /// </summary>
    private IEnumerable<(RedisValue[] Values, int Count)> ArgumentsOf(List<PendingEntries> logs)
    {
        if (logs is not [{ Count: > MaxEntriesPerCall } only])
        {
            yield return (ArgumentsOfOne(logs), logs.Sum(it => it.Count));
            yield break;
        }

        var entries = new RedisValue[only.Count];
        only.CopyTo(entries);
        var left = only.Count;
        foreach (var part in entries.Chunk(MaxEntriesPerCall))
        {
            left -= part.Length;
            var values = new RedisValue[HeaderLength + LogHeaderLength + part.Length];
            WriteHeader(values);
            // Skipped entries are counted with the last part, after which the log has nothing older.
            var next = WriteLogHeader(
                values,
                HeaderLength,
                only.Log,
                left == 0 ? only.Skipped : 0,
                part.Length
            );
            part.CopyTo(values, next);
            yield return (values, part.Length);
        }
    }

    private RedisValue[] ArgumentsOfOne(List<PendingEntries> logs)
    {
        var values = new RedisValue[HeaderLength + logs.Sum(it => LogHeaderLength + it.Count)];
        WriteHeader(values);
        var next = HeaderLength;
        foreach (var it in logs)
        {
            next = WriteLogHeader(values, next, it.Log, it.Skipped, it.Count);
            it.CopyTo(values.AsSpan(next));
            next += it.Count;
        }

        return values;
    }

    private void WriteHeader(RedisValue[] values)
    {
        values[0] = capacity;
        values[1] = (long)Retention.TotalMilliseconds;
    }

    /// <returns>Where the entries begin.</returns>
    private int WriteLogHeader(RedisValue[] values, int at, LogId log, long skipped, int count)
    {
        values[at] = log.Field;
        values[at + 1] = prolonged.Add(log);
        values[at + 2] = skipped;
        values[at + 3] = count;
        return at + LogHeaderLength;
    }
}
