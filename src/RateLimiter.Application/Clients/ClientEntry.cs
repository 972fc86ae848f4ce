using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Clients;

/// <summary>
/// What is known of a client here: what was loaded, and on top of it the changes that were made on this instance, or heard,
/// since.
/// </summary>
internal sealed class ClientEntry
{
    private const long Never = long.MinValue;

    // More keys of one client are hardly busy at the same time.
    private const int MaxLetIn = 8;

    /// <summary>The most changes that wait for one that came before them. The first of more goes into what is known.</summary>
    private const int MaxAhead = 8;

    // What is known without a gap, and what came after a gap, in the order of its versions.
    private readonly ClientSnapshot known;
    private readonly (ClientSnapshot Snapshot, long Asked) loaded;
    private readonly IReadOnlyList<(long Version, ClientChange Change)> ahead;

    private bool isUsed;
    private long confirmed;
    private long putOffSince = Never;
    private (ApiKey Key, AuthenticatedCaller Caller)[] letIn = [];
    private Task<ClientSnapshot?>? refresh;

    /// <param name="snapshot">What was loaded.</param>
    /// <param name="confirmed">When it was asked for, by the clock's timestamp.</param>
    public ClientEntry(ClientSnapshot snapshot, long confirmed)
        : this((snapshot, confirmed), snapshot, [], confirmed) { }

    private ClientEntry(
        (ClientSnapshot Snapshot, long Asked) loaded,
        ClientSnapshot known,
        IReadOnlyList<(long Version, ClientChange Change)> ahead,
        long confirmed
    )
    {
        this.loaded = loaded;
        this.known = known;
        this.ahead = ahead;
        this.confirmed = confirmed;
        Snapshot = ahead.Aggregate(known, Make);
        Bytes = ClientWeight.Of(Snapshot);
    }

    private ClientEntry(ClientEntry other)
    {
        (loaded, known, ahead, confirmed) = (other.loaded, other.known, other.ahead, Never);
        (Snapshot, Bytes) = (other.Snapshot, other.Bytes);
    }

    /// <summary>The newest that is known.</summary>
    public ClientSnapshot Snapshot { get; }

    /// <summary>What it takes up in memory, by estimate.</summary>
    public long Bytes { get; }

    /// <summary>Whether somebody has looked for it since it was last its turn to go. Written only when it changes, because it
    /// is read with every check.</summary>
    public bool IsUsed
    {
        get => Volatile.Read(ref isUsed);
        set
        {
            if (isUsed != value)
            {
                Volatile.Write(ref isUsed, value);
            }
        }
    }

    /// <summary>Whether it may be wrong, so that it is no use to compare versions.</summary>
    public bool IsStale => Confirmed == Never;

    /// <summary>When the store was asked for what it then confirmed, by the clock's timestamp.</summary>
    public long Confirmed => Interlocked.Read(ref confirmed);

    /// <summary>What was loaded, without what was changed here since, if it was asked for after some moment; else null.</summary>
    /// <param name="timestamp">The moment, by the clock's timestamp.</param>
    public ClientSnapshot? LoadedAfter(long timestamp) =>
        loaded.Asked > timestamp ? loaded.Snapshot : null;

    /// <summary>The same, to be loaded anew before it is used.</summary>
    public ClientEntry Stale() => new(this);

    /// <summary>
    /// The same with a change that is not in it yet, in doubt. Changes arrive in any order, and are made in that of their
    /// versions.
    /// </summary>
    public ClientEntry With(long version, ClientChange change)
    {
        if (version <= known.Version)
        {
            return Stale();
        }

        var complete = known;
        var later = new Queue<(long Version, ClientChange Change)>(
            ahead.Append((Version: version, Change: change)).OrderBy(it => it.Version)
        );
        while (
            later.TryPeek(out var next)
            && (
                next.Version == complete.Version + 1
                || (later.Count > MaxAhead && next.Version < ClientDirectory.Latest)
            )
        )
        {
            complete = Make(complete, later.Dequeue());
        }

        return new ClientEntry(loaded, complete, [.. later], Never);
    }

    /// <summary>
    /// Who came with this key, when it was one of those that were let in last. It spares busy clients the hash of
    /// their keys, and is forgotten with the snapshot.
    /// </summary>
    public AuthenticatedCaller? CallerOf(ApiKey key)
    {
        foreach (var (known, caller) in Volatile.Read(ref letIn))
        {
            if (known.IsSameAs(key))
            {
                return caller;
            }
        }

        return null;
    }

    // Of two that come at once one may be forgotten, and is hashed once more.
    public void LetIn(ApiKey key, AuthenticatedCaller caller) =>
        Volatile.Write(ref letIn, [(key, caller), .. letIn.Take(MaxLetIn - 1)]);

    /// <summary>Whether the store was asked in vain so short a time ago that it is not waited for again.</summary>
    public bool IsPutOff(TimeProvider time)
    {
        var since = Interlocked.Read(ref putOffSince);
        return since != Never && time.GetElapsedTime(since) < ClientDirectory.RetryInterval;
    }

    public void PutOff(TimeProvider time) =>
        Interlocked.Exchange(ref putOffSince, time.GetTimestamp());

    public void Confirm(long timestamp) => Interlocked.Exchange(ref confirmed, timestamp);

    /// <summary>Starts a refresh, or joins the one that is under way.</summary>
    public Task<ClientSnapshot?> RefreshOnce(Func<Task<ClientSnapshot?>> start)
    {
        lock (this)
        {
            if (refresh is null || refresh.IsCompleted)
            {
                refresh = start();
            }

            return refresh;
        }
    }

    private static ClientSnapshot Make(
        ClientSnapshot client,
        (long Version, ClientChange Change) next
    )
    {
        var made = next.Change(client);
        return next.Version == ClientDirectory.Latest ? made : made with { Version = next.Version };
    }
}

/// <summary>What a change makes of a client.</summary>
public delegate ClientSnapshot ClientChange(ClientSnapshot before);
