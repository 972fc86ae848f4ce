using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>
/// Decisions wait briefly in a bounded queue, so that many are written at once; when a client makes more decisions than
/// its log keeps, only those that it keeps are written. Reading a log wakes the writer.
/// </summary>
internal sealed class RedisDecisionLog(
    RedisConnection connection,
    TimeProvider time,
    ILogger<RedisDecisionLog> logger
) : RepeatingService("The writer of the decision log", BatchInterval, time, logger), IDecisionLog
{
    /// <summary>The most decisions that wait: 20 MB, at about 400 bytes each.</summary>
    internal const int QueueCapacity = 50_000;

    /// <summary>Fewer would need more calls, more would delay checks.</summary>
    private const int MaxDecisionsPerCall = IDecisionLog.Capacity;

    /// <summary>How long a decision waits to be batched: for this long another instance may not see it.</summary>
    private static readonly TimeSpan BatchInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a log is kept after the last decision, to within <see cref="ProlongInterval"/>.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    /// <summary>
    /// How often a log's expiry is extended: doing so with every write would be a third of the cost of many clients.
    /// </summary>
    private static readonly TimeSpan ProlongInterval = TimeSpan.FromHours(1);

    /// <summary>The most clients that are remembered as having had their log's expiry extended.</summary>
    private const int MaxProlonged = 100_000;

    private static readonly RedisScript Append = RedisScript.Load("append_log");

    private readonly Channel<Item> queue = Channel.CreateBounded<Item>(
        new BoundedChannelOptions(QueueCapacity) { SingleReader = true }
    );
    private readonly HashSet<ClientId> prolonged = [];
    private readonly LineLimit reports = new(time);
    private long prolongedSince;
    private TaskCompletionSource wake = NewWake();
    private volatile int writing;
    private long dropped;
    private long reported;

    /// <summary>Called with each client whose decisions were written by this instance.</summary>
    internal event Action<ClientId>? Written;

    /// <summary>The number of decisions that are not written yet.</summary>
    internal int Waiting => queue.Reader.Count + writing;

    /// <summary>The number of decisions that have been dropped.</summary>
    internal long Dropped => Interlocked.Read(ref dropped);

    public void Record(ClientId client, LoggedDecision decision)
    {
        if (!queue.Writer.TryWrite(new Item(client, decision, Written: null)))
        {
            Interlocked.Increment(ref dropped);
        }
        else if (queue.Reader.Count >= QueueCapacity / 2)
        {
            Wake();
        }
    }

    public async Task<IReadOnlyList<LoggedDecision>> ReadAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        // What waits while the store is full is written when it has room again.
        if (!connection.IsFull())
        {
            await FlushAsync(client, cancellationToken);
        }

        var values = await connection.AskAsync(
            RedisKeys.Log(client),
            database =>
                database.ListRangeAsync(
                    RedisKeys.Log(client),
                    -IDecisionLog.Capacity,
                    flags: CommandFlags.DemandMaster
                ),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return
        [
            .. values
                .Reverse()
                .Select(value =>
                    JsonSerializer.Deserialize((string)value!, DocumentJson.Default.LoggedDecision)!
                ),
        ];
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // The writer ends when everything that waits is written, or when the shutdown time-out is over.
        queue.Writer.TryComplete();
        Wake();
        await (ExecuteTask ?? Task.CompletedTask)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken);
        ReportDropped();
    }

    protected override ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        queue.Reader.WaitToReadAsync(stoppingToken);

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAny(
            Task.Delay(BatchInterval, Time, stoppingToken),
            Volatile.Read(ref wake).Task
        );
        // Before the queue is emptied: a caller that arrives from here on wakes the next round.
        Interlocked.Exchange(ref wake, NewWake());
        var batch = new List<Item>();
        while (batch.Count < QueueCapacity && queue.Reader.TryRead(out var item))
        {
            batch.Add(item);
        }

        writing = batch.Count;
        try
        {
            await WriteAsync(batch, stoppingToken);
        }
        catch (Exception exception)
        {
            // Callers that wait for these decisions get the exception. The decisions are not written again: some may
            // have been written.
            Interlocked.Add(ref dropped, batch.Count(item => item.Decision is not null));
            batch.ForEach(item => item.Written?.TrySetException(exception));
            throw;
        }
        finally
        {
            writing = 0;
            if (Dropped > reported && reports.TryTake())
            {
                ReportDropped();
            }
        }
    }

    /// <summary>Waits until everything that was recorded before is written.</summary>
    /// <exception cref="StoreUnavailableException">It could not be written.</exception>
    internal async Task FlushAsync(ClientId client, CancellationToken cancellationToken)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await queue
                .Writer.WriteAsync(new Item(client, Decision: null, written), cancellationToken)
                .AsTask()
                .WaitAsync(connection.AdministrativeTimeout, connection.Clock, cancellationToken);
            Wake();
            await written.Task.WaitAsync(
                connection.AdministrativeTimeout,
                connection.Clock,
                cancellationToken
            );
        }
        catch (Exception exception) when (exception is TimeoutException or ChannelClosedException)
        {
            throw new StoreUnavailableException("The log could not be written.", exception);
        }
    }

    private async Task WriteAsync(List<Item> batch, CancellationToken stoppingToken)
    {
        if (
            Time.GetElapsedTime(prolongedSince) >= ProlongInterval
            || prolonged.Count >= MaxProlonged
        )
        {
            prolonged.Clear();
            prolongedSince = Time.GetTimestamp();
        }

        // A call has many logs, so that many clients do not need many calls; in a cluster, the logs of one slot.
        var writes = new List<Task>();
        var clients = new List<ClientId>();
        var values = new List<RedisValue>();
        var count = 0;
        var slot = 0;
        var logs = batch.Where(item => item.Decision is not null).GroupBy(item => item.Client);
        foreach (var log in connection.IsCluster ? logs.OrderBy(log => SlotOf(log.Key)) : logs)
        {
            var decisions = log.TakeLast(IDecisionLog.Capacity).ToList();
            if (
                count > 0
                && (count + decisions.Count > MaxDecisionsPerCall || slot != SlotOf(log.Key))
            )
            {
                Send();
            }

            slot = SlotOf(log.Key);

            clients.Add(log.Key);
            values.Add(prolonged.Add(log.Key));
            values.Add(log.Count() - decisions.Count);
            values.Add(decisions.Count);
            values.AddRange(decisions.Select(item => (RedisValue)Serialize(item.Decision!)));
            count += decisions.Count;
        }

        if (count > 0)
        {
            Send();
        }

        await Task.WhenAll(writes);
        foreach (var item in batch)
        {
            item.Written?.TrySetResult();
        }

        int SlotOf(ClientId client) => connection.SlotOf(RedisKeys.Log(client));

        void Send()
        {
            writes.Add(
                WriteAsync(
                    [.. clients],
                    [IDecisionLog.Capacity, (long)Retention.TotalMilliseconds, .. values],
                    count,
                    stoppingToken
                )
            );
            clients.Clear();
            values.Clear();
            count = 0;
        }
    }

    private static byte[] Serialize(LoggedDecision decision) =>
        JsonSerializer.SerializeToUtf8Bytes(decision, DocumentJson.Default.LoggedDecision);

    private async Task WriteAsync(
        ClientId[] clients,
        RedisValue[] values,
        int count,
        CancellationToken stoppingToken
    )
    {
        RedisKey[] keys = [.. clients.Select(RedisKeys.Log), .. clients.Select(RedisKeys.Client)];
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
                foreach (var client in clients)
                {
                    Written?.Invoke(client);
                }

                return;
            }
            catch (StoreUnavailableException exception)
                when ((exception.InnerException is null || RedisConnection.WasNotSent(exception))
                    && queue.Reader.Count < QueueCapacity / 2
                )
            {
                // Nothing was sent. These decisions wait until they can be sent, and others behind them, while there is
                // room.
                await Task.Delay(RedisLink.ReconnectInterval, stoppingToken);
            }
            catch (StoreUnavailableException)
            {
                // They may have been written and must not be written twice, or there is no room to wait any longer.
                Interlocked.Add(ref dropped, count);
                return;
            }
        }
    }

    private static TaskCompletionSource NewWake() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Wake() => Volatile.Read(ref wake).TrySetResult();

    private void ReportDropped()
    {
        var all = Dropped;
        if (all > reported)
        {
            Logger.DecisionsDropped(all - reported);
            reported = all;
        }
    }

    /// <summary>A decision to write, or a task to complete when everything before it is written.</summary>
    private readonly record struct Item(
        ClientId Client,
        LoggedDecision? Decision,
        TaskCompletionSource? Written
    );
}
