using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Application.Logs;

/// <summary>An in-memory log that can be trimmed, lost or made unavailable.</summary>
internal sealed class KeptLog : IDecisionFeed
{
    private readonly Lock gate = new();
    private readonly List<LogEntry?> kept = [];
    private readonly List<LogEntry?> changes = [];
    private long start;
    private long cut;
    private bool isAway;

    public event Action<ClientId>? Written;

    /// <summary>The number of reads.</summary>
    public int Reads { get; private set; }

    /// <summary>Appends decisions about these users.</summary>
    public void Append(params IEnumerable<string> users)
    {
        lock (gate)
        {
            kept.AddRange(users.Select(user => (LogEntry?)TestData.LoggedOf(user)));
        }
    }

    /// <summary>Appends refunds of these users' permits.</summary>
    public void AppendRefunds(params IEnumerable<string> users)
    {
        lock (gate)
        {
            changes.AddRange(
                users.Select(user =>
                    (LogEntry?)(TestData.LoggedOf(user) with { Kind = LogEntryKind.Refund })
                )
            );
        }
    }

    /// <summary>Signals the readers that this instance has written.</summary>
    public void Announce() => Written?.Invoke(TestData.Client);

    /// <summary>Trims the oldest decisions.</summary>
    public void Cut(int count)
    {
        lock (gate)
        {
            kept.RemoveRange(0, count);
            cut += count;
        }
    }

    /// <summary>Loses the newest decisions and their ids.</summary>
    public void Lose(int count)
    {
        lock (gate)
        {
            kept.RemoveRange(kept.Count - count, count);
        }
    }

    /// <summary>Makes the log expire.</summary>
    public void Expire()
    {
        lock (gate)
        {
            kept.Clear();
        }
    }

    /// <summary>Starts a new log for the next decisions.</summary>
    public void Begin(long id)
    {
        lock (gate)
        {
            kept.Clear();
            (start, cut) = (id, id);
        }
    }

    public void SetAway(bool value)
    {
        lock (gate)
        {
            isAway = value;
        }
    }

    public Task FlushAsync(ClientId client, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public Task<LogSegment> ReadAsync(
        ClientId client,
        ClientLog log,
        long? after,
        CancellationToken cancellationToken
    )
    {
        lock (gate)
        {
            Reads++;
            if (isAway)
            {
                return Task.FromException<LogSegment>(new StoreUnavailableException("It is away."));
            }

            var (entries, first, before) =
                log == ClientLog.Decisions ? (kept, start, cut) : (changes, 0, 0);
            return Task.FromResult(
                new LogSegment(
                    first,
                    before,
                    entries.Count,
                    after is { } id ? [.. entries.Skip((int)Math.Max(id - before, 0))] : []
                )
            );
        }
    }
}
