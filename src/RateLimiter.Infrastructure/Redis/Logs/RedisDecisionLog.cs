using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Background;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;

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

    /// <summary>The entries that are read at once for a list, which mostly needs no more.</summary>
    private const int PageSize = 1000;

    /// <summary>The entries that are read at once for all, about 1 MB.</summary>
    private const int LongPageSize = 5000;

    private readonly RedisConnection connection;
    private readonly int capacity;
    private readonly WaitingEntries entries;
    private readonly LogWriter writer;
    private readonly LogReader reader;

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
        IOptions<LogOptions> options,
        TimeProvider time,
        ILogger<RedisDecisionLog> logger
    )
        : base("The writer of the decision log", BatchInterval, time, logger)
    {
        this.connection = connection;
        capacity = options.Value.MaxEntries;
        entries = new WaitingEntries(MaxWaitingSize, capacity);
        writer = new LogWriter(connection, capacity, time, () => entries.IsHalfFull);
        reader = new LogReader(connection);
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

    public async IAsyncEnumerable<LogEntry> ReadAsync(
        ClientId client,
        ClientLog log,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await FlushBeforeReadAsync(cancellationToken);
        var id = new LogId(client, log);
        var (cut, before) = await reader.ReadAsync(id, null, capacity, 0, cancellationToken)
            is { } whole
            ? (whole.Cut, whole.End)
            : default;
        while (before > cut)
        {
            var after = Math.Max(cut, before - PageSize);
            var page = await reader.ReadAsync(id, after, capacity, PageSize, cancellationToken);
            // The oldest entries may not be kept any more, and new ones may have come.
            var count = (int)Math.Min(before - Math.Max(after, page.Cut), page.Entries.Count);
            for (var i = count - 1; i >= 0; i--)
            {
                if (page.Entries[i] is { } entry)
                {
                    yield return entry;
                }
            }

            before = after;
        }
    }

    public async Task<KeptEntries> ReadAllAsync(
        ClientId client,
        ClientLog log,
        CancellationToken cancellationToken
    )
    {
        await FlushBeforeReadAsync(cancellationToken);
        var id = new LogId(client, log);
        var page = await reader.ReadAsync(id, 0, capacity, LongPageSize, cancellationToken);
        var since = SinceWhen(page);
        var (entries, end) = (new List<LogEntry>(page.Length), page.End);
        for (var last = 0L; ; )
        {
            foreach (var entry in page.Entries)
            {
                if (entry is { } known)
                {
                    entries.Add(known);
                }
            }

            last = Math.Max(last, page.Cut) + page.Entries.Count;
            if (last >= end || page.Entries.Count == 0)
            {
                return new KeptEntries(entries, since);
            }

            page = await reader.ReadAsync(id, last, capacity, LongPageSize, cancellationToken);
        }
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

    private async Task FlushBeforeReadAsync(CancellationToken cancellationToken)
    {
        // What waits while the store is full is written when it has room again.
        if (!connection.IsFull())
        {
            await FlushAsync(cancellationToken);
        }
    }

    /// <summary>From when on a log has all entries.</summary>
    private DateTimeOffset SinceWhen(LogPage log)
    {
        if (log.Cut > log.Start && log.Entries is [{ } oldest, ..])
        {
            return oldest.DecidedAt;
        }

        // A new log begins with the time as its first id. Before that, none was there, or it had expired.
        var begun =
            log.Length > 0
                ? DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(log.Start)
                : Time.GetUtcNow();
        var since = begun - LogWriter.LeastRetention;
        return since > log.ClientCreatedAt ? since : log.ClientCreatedAt;
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
