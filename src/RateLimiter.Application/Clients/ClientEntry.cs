using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Clients;

/// <summary>
/// The cached data of a client: what was loaded, with the later changes that were made on this instance or received from
/// others.
/// </summary>
internal sealed class ClientEntry
{
    private const long Never = long.MinValue;

    // A client hardly ever uses more keys at the same time.
    private const int MaxAccepted = 8;

    /// <summary>The most changes that wait for a missing earlier one. Beyond that, the first one is applied anyway.</summary>
    private const int MaxAhead = 8;

    // The data without a gap in its versions, and the changes after a gap, in the order of their versions.
    private readonly ClientSnapshot known;
    private readonly (ClientSnapshot Snapshot, long Asked) loaded;
    private readonly IReadOnlyList<(long Version, ClientChange Change)> ahead;

    private bool isUsed;
    private long confirmed;
    private long putOffSince = Never;
    private (ApiKey Key, AuthenticatedCaller Caller)[] accepted = [];
    private Task<ClientSnapshot?>? refresh;

    /// <param name="snapshot">The loaded data.</param>
    /// <param name="confirmed">When it was requested, by the clock's timestamp.</param>
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

    /// <summary>The newest known data.</summary>
    public ClientSnapshot Snapshot { get; }

    /// <summary>Its memory in bytes, by estimate.</summary>
    public long Bytes { get; }

    /// <summary>
    /// Whether the entry was looked up since the last eviction scan. Written only when the value changes, because every check
    /// reads it.
    /// </summary>
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

    /// <summary>Whether the data may be wrong, so that a comparison of versions proves nothing.</summary>
    public bool IsStale => Confirmed == Never;

    /// <summary>When the last confirmation by the store was requested, by the clock's timestamp.</summary>
    public long Confirmed => Interlocked.Read(ref confirmed);

    /// <summary>
    /// The loaded data, without later changes, if it was requested after a given time; else null.
    /// </summary>
    /// <param name="timestamp">The time, by the clock's timestamp.</param>
    public ClientSnapshot? LoadedAfter(long timestamp) =>
        loaded.Asked > timestamp ? loaded.Snapshot : null;

    /// <summary>The same entry, which must be loaded again before it is used.</summary>
    public ClientEntry Stale() => new(this);

    /// <summary>
    /// The entry with a further change, marked as stale. Changes arrive in any order and are applied in the order of their
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
    /// The caller of a key, if the key is one of the most recently accepted. This saves active clients the hashing of their
    /// keys; it is discarded with the snapshot.
    /// </summary>
    public AuthenticatedCaller? CallerOf(ApiKey key)
    {
        foreach (var (known, caller) in Volatile.Read(ref accepted))
        {
            if (known.IsSameAs(key))
            {
                return caller;
            }
        }

        return null;
    }

    // Of two concurrent calls one may be lost; its key is hashed once more.
    public void RememberCaller(ApiKey key, AuthenticatedCaller caller) =>
        Volatile.Write(ref accepted, [(key, caller), .. accepted.Take(MaxAccepted - 1)]);

    /// <summary>Whether the store failed to answer so recently that a request does not wait for it again.</summary>
    public bool IsPutOff(TimeProvider time)
    {
        var since = Interlocked.Read(ref putOffSince);
        return since != Never && time.GetElapsedTime(since) < ClientDirectory.RetryInterval;
    }

    public void PutOff(TimeProvider time) =>
        Interlocked.Exchange(ref putOffSince, time.GetTimestamp());

    public void Confirm(long timestamp) => Interlocked.Exchange(ref confirmed, timestamp);

    /// <summary>Starts a refresh, or joins the one in progress.</summary>
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

/// <summary>A change of a client: returns its data after the change.</summary>
public delegate ClientSnapshot ClientChange(ClientSnapshot before);
