using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>
/// Entries wait briefly in bounded memory, so that many are written at once; when a log gets more entries than it keeps, only
/// those that it keeps are written. Reading a log wakes the writer.
/// </summary>
internal sealed class RedisDecisionLog : RepeatingService, IDecisionLog
{
    /// <summary>The most memory that waiting entries take: about 80,000 entries of usual length.</summary>
    internal const int MaxWaitingSize = 20 * 1024 * 1024;

    /// <summary>How long an entry waits to be batched: for this long another instance may not see it.</summary>
    private static readonly TimeSpan BatchInterval = TimeSpan.FromMilliseconds(100);

    private readonly RedisConnection connection;
    private readonly WaitingEntries entries = new(MaxWaitingSize);
    private readonly LogWriter writer;

    // At most one signal: that there is something to write, or that someone waits for the writer.
    private readonly Channel<bool> signals = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly LineLimit reports;
    private TaskCompletionSource wake = NewSource();
    private TaskCompletionSource flushed = NewSource();
    private volatile int writing;
    private long dropped;
    private long reported;

    public RedisDecisionLog(
        RedisConnection connection,
        TimeProvider time,
        ILogger<RedisDecisionLog> logger
    )
        : base("The writer of the decision log", BatchInterval, time, logger)
    {
        this.connection = connection;
        writer = new LogWriter(connection, time, () => entries.IsHalfFull);
        reports = new LineLimit(time);
    }

    /// <summary>Called with each client whose entries were written by this instance.</summary>
    internal event Action<ClientId>? Written
    {
        add => writer.Written += value;
        remove => writer.Written -= value;
    }

    /// <summary>The number of entries that are not written yet.</summary>
    internal int Waiting => entries.Count + writing;

    /// <summary>The number of entries that have been dropped.</summary>
    internal long Dropped => Interlocked.Read(ref dropped) + writer.Dropped;

    public void Record(ClientId client, LogEntry entry)
    {
        if (
            !entries.TryAdd(
                new LogId(client, entry.LogOf()),
                LogEntryJson.Write(entry),
                out var isFirst
            )
        )
        {
            Interlocked.Increment(ref dropped);
        }
        else if (isFirst)
        {
            signals.Writer.TryWrite(true);
        }

        if (entries.IsHalfFull)
        {
            Wake();
        }
    }

    public async Task<IReadOnlyList<LogEntry>> ReadAsync(
        ClientId client,
        ClientLog log,
        CancellationToken cancellationToken
    )
    {
        // What waits while the store is full is written when it has room again.
        if (!connection.IsFull())
        {
            await FlushAsync(cancellationToken);
        }

        var key = RedisKeys.Log(client, log);
        var values = await connection.AskAsync(
            key,
            database =>
                database.ListRangeAsync(
                    key,
                    -IDecisionLog.Capacity,
                    flags: CommandFlags.DemandMaster
                ),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        var read = new List<LogEntry>(values.Length);
        for (var i = values.Length - 1; i >= 0; i--)
        {
            if (LogEntryJson.Read((byte[])values[i]!) is { } entry)
            {
                read.Add(entry);
            }
        }

        return read;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // The writer ends when everything that waits is written, or when the shutdown time-out is over.
        signals.Writer.TryComplete();
        Wake();
        await (ExecuteTask ?? Task.CompletedTask)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken);
        Interlocked.Add(ref dropped, entries.TakeAll().Sum(it => it.Count));
        ReportDropped();
    }

    protected override ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        signals.Reader.WaitToReadAsync(stoppingToken);

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAny(
            Task.Delay(BatchInterval, Time, stoppingToken),
            Volatile.Read(ref wake).Task
        );
        // Before the entries are taken: what is recorded from here on causes another round.
        signals.Reader.TryRead(out _);
        Interlocked.Exchange(ref wake, NewSource());
        var waiters = Interlocked.Exchange(ref flushed, NewSource());
        var taken = entries.TakeAll();
        writing = taken.Sum(it => it.Count);
        try
        {
            await writer.WriteAsync(taken, stoppingToken);
            waiters.SetResult();
        }
        catch (Exception exception)
        {
            // Callers that wait for these entries get the exception. The entries are not written again: some may have been
            // written.
            Interlocked.Add(ref dropped, writing);
            waiters.SetException(exception);
            // There may be no such callers.
            _ = waiters.Task.Exception;
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
    internal async Task FlushAsync(CancellationToken cancellationToken)
    {
        var written = Volatile.Read(ref flushed).Task;
        if (!signals.Writer.TryWrite(true))
        {
            throw new StoreUnavailableException("The log is written no more: the service stops.");
        }

        Wake();
        try
        {
            await written.WaitAsync(
                connection.AdministrativeTimeout,
                connection.Clock,
                cancellationToken
            );
        }
        catch (TimeoutException exception)
        {
            throw new StoreUnavailableException("The log could not be written.", exception);
        }
    }

    private static TaskCompletionSource NewSource() =>
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
}
