using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Lru;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Keys and policies of the clients that are in use, in the memory of this instance, so that a check asks the store
/// for nothing but its counters.
/// </summary>
/// <remarks>
/// A change made on this instance is seen by the next request, a change made elsewhere when it is heard. While changes
/// are not heard, what is older than <see cref="MaxAge"/> is compared with the store's version before it is used. When
/// the store does not answer, the last that was known stays in use.
/// Only clients that exist are kept, so that made-up keys neither fill the memory nor push out anyone.
/// </remarks>
public sealed class ClientDirectory
{
    /// <summary>The longest that a change on another instance can go unseen.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    /// <summary>
    /// As <see cref="MaxAge"/>, while changes are heard: for what was written into the store past every instance.
    /// </summary>
    internal static readonly TimeSpan HeardMaxAge = TimeSpan.FromMinutes(1);

    /// <summary>How long the last that was known is used without asking, when the store did not answer.</summary>
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>The most clients that are kept in memory at once.</summary>
    private const int Capacity = 100_000;

    private readonly IClientRepository repository;
    private readonly IClientChanges changes;
    private readonly TimeProvider time;

    private readonly ConcurrentLru<ClientId, Entry> entries = new(Capacity);

    // Loads under way, so that requests that come at once share one. Both this and the writes to `entries` are guarded
    // by the gate: a load that began before a change must not put back what the change removed.
    private readonly Dictionary<ClientId, Task<ClientSnapshot?>> loads = [];
    private readonly Lock gate = new();

    private long missed = long.MinValue;

    /// <summary>Whether keys that came had been let in lately.</summary>
    internal CacheCount KeyRequests { get; } = new();

    /// <summary>Whether clients that were looked for were known here.</summary>
    internal CacheCount ClientRequests { get; } = new();

    /// <summary>How many clients are in memory.</summary>
    internal int Count => entries.Count;

    public ClientDirectory(IClientRepository repository, IClientChanges changes, TimeProvider time)
    {
        this.repository = repository;
        this.changes = changes;
        this.time = time;
        changes.Changed += Doubt;
        // What was asked before then may be of before what was missed.
        changes.Missed += () => Interlocked.Exchange(ref missed, time.GetTimestamp());
    }

    /// <summary>Whether the store need not be asked whose key this is. Of one that has been let in lately.</summary>
    public bool TryFind(ApiKey key, [NotNullWhen(true)] out KeyHolder? holder)
    {
        holder =
            entries.TryGet(key.Client, out var entry) && AgeOf(entry) == Age.Young
                ? entry.HolderOf(key)
                : null;
        KeyRequests.Add(isHit: holder is not null);
        return holder is not null;
    }

    /// <summary>Whether something is known of a client here, or just being asked, so that it costs no question more.</summary>
    public bool Knows(ClientId client)
    {
        if (entries.TryGet(client, out _))
        {
            return true;
        }

        lock (gate)
        {
            return loads.ContainsKey(client);
        }
    }

    /// <summary>Whose key this is, expired or not; null when it is nobody's.</summary>
    /// <exception cref="StoreUnavailableException">The client is not known here and the store does not answer.</exception>
    public async ValueTask<KeyHolder?> FindAsync(ApiKey key, CancellationToken cancellationToken)
    {
        var client = await FindAsync(key.Client, cancellationToken);
        if (client?.Keys.Find(key.Hash) is not { } found)
        {
            return null;
        }

        var holder = new KeyHolder(client, found);
        if (entries.TryGet(key.Client, out var entry) && ReferenceEquals(entry.Snapshot, client))
        {
            entry.LetIn(key, holder);
        }

        return holder;
    }

    /// <summary>A client that has just been made here. Whoever comes with its key need not be looked for.</summary>
    public void Learn(ClientSnapshot client)
    {
        lock (gate)
        {
            entries.AddOrUpdate(client.Id, new Entry(client, time.GetTimestamp()));
        }
    }

    /// <summary>
    /// What is known of a client may be wrong: it was changed, or may have been. It is loaded anew before it is used, and
    /// stays in use only while the store does not answer.
    /// </summary>
    public void Doubt(ClientId client)
    {
        lock (gate)
        {
            loads.Remove(client);
            if (entries.TryGet(client, out var entry))
            {
                entries.AddOrUpdate(client, Entry.InDoubt(entry.Snapshot));
            }
        }
    }

    private async ValueTask<ClientSnapshot?> FindAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        entries.TryGet(client, out var entry);
        ClientRequests.Add(isHit: entry is not null);
        if (entry is null)
        {
            return await LoadAsync(client).WaitAsync(cancellationToken);
        }

        var age = AgeOf(entry);
        if (age == Age.Young || entry.IsPutOff(time))
        {
            return entry.Snapshot;
        }

        if (entry.IsInDoubt)
        {
            return await ReloadAsync(client, entry).WaitAsync(cancellationToken);
        }

        var refresh = entry.RefreshOnce(() => RefreshAsync(client, entry));
        return age == Age.Old ? await refresh.WaitAsync(cancellationToken) : entry.Snapshot;
    }

    private Age AgeOf(Entry entry)
    {
        var confirmed = entry.Confirmed;
        if (confirmed <= Interlocked.Read(ref missed))
        {
            return Age.Old;
        }

        var (age, maxAge) = (
            time.GetElapsedTime(confirmed),
            changes.IsHeard ? HeardMaxAge : MaxAge
        );
        return age < maxAge / 2 ? Age.Young
            : age < maxAge ? Age.Ripe
            : Age.Old;
    }

    private async Task<ClientSnapshot?> ReloadAsync(ClientId client, Entry entry)
    {
        try
        {
            return await LoadAsync(client);
        }
        catch (StoreUnavailableException)
        {
            entry.PutOff(time);
            return entry.Snapshot;
        }
    }

    private async Task<ClientSnapshot?> RefreshAsync(ClientId client, Entry entry)
    {
        try
        {
            var asked = time.GetTimestamp();
            var version = await repository.FindVersionAsync(client, CancellationToken.None);
            if (version == entry.Snapshot.Version)
            {
                entry.Confirm(asked);
                return entry.Snapshot;
            }

            if (version is null)
            {
                lock (gate)
                {
                    entries.TryRemove(client);
                }

                return null;
            }

            // The entry stays until what comes in its place is there.
            return await LoadAsync(client);
        }
        catch (StoreUnavailableException)
        {
            entry.PutOff(time);
            return entry.Snapshot;
        }
    }

    private Task<ClientSnapshot?> LoadAsync(ClientId client)
    {
        lock (gate)
        {
            if (!loads.TryGetValue(client, out var load))
            {
                // What is loaded is as old as the question, not as the answer.
                var asked = time.GetTimestamp();
                // Elsewhere, so that the repository does not run within the lock.
                load = Task.Run(() => repository.FindAsync(client, CancellationToken.None));
                loads.Add(client, load);
                _ = load.ContinueWith(
                    ended => Finish(client, ended, asked),
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default
                );
            }

            return load;
        }
    }

    private void Finish(ClientId client, Task<ClientSnapshot?> load, long asked)
    {
        lock (gate)
        {
            var isCurrent = loads.TryGetValue(client, out var current) && current == load;
            if (!isCurrent)
            {
                return;
            }

            loads.Remove(client);
            if (load is { IsCompletedSuccessfully: true, Result: var snapshot })
            {
                if (snapshot is null)
                {
                    entries.TryRemove(client);
                }
                else
                {
                    entries.AddOrUpdate(client, new Entry(snapshot, asked));
                }
            }
        }
    }

    private enum Age
    {
        Young,

        /// <summary>Good for use, and compared in the background, so that busy clients never wait for that.</summary>
        Ripe,

        /// <summary>To be compared before it is used.</summary>
        Old,
    }

    private sealed class Entry(ClientSnapshot snapshot, long confirmed)
    {
        private const long Never = long.MinValue;

        // More keys of one client are hardly busy at the same time.
        private const int MaxLetIn = 8;

        private long confirmed = confirmed;
        private long putOffSince = Never;
        private (ApiKey Key, KeyHolder Holder)[] letIn = [];
        private Task<ClientSnapshot?>? refresh;

        public ClientSnapshot Snapshot { get; } = snapshot;

        /// <summary>Whether it is no use to compare versions.</summary>
        public bool IsInDoubt { get; private init; }

        public static Entry InDoubt(ClientSnapshot snapshot) =>
            new(snapshot, Never) { IsInDoubt = true };

        /// <summary>When the store was asked for what it then confirmed, by the clock's timestamp.</summary>
        public long Confirmed => Interlocked.Read(ref confirmed);

        /// <summary>
        /// Who came with this key, when it was one of those that were let in last. It spares busy clients the hash of
        /// their keys, and is forgotten with the snapshot.
        /// </summary>
        public KeyHolder? HolderOf(ApiKey key)
        {
            foreach (var (known, holder) in Volatile.Read(ref letIn))
            {
                if (known.IsSameAs(key))
                {
                    return holder;
                }
            }

            return null;
        }

        // Of two that come at once one may be forgotten, and is hashed once more.
        public void LetIn(ApiKey key, KeyHolder holder) =>
            Volatile.Write(ref letIn, [(key, holder), .. letIn.Take(MaxLetIn - 1)]);

        /// <summary>Whether the store was asked in vain so short a time ago that it is not asked again.</summary>
        public bool IsPutOff(TimeProvider time)
        {
            var since = Interlocked.Read(ref putOffSince);
            return since != Never && time.GetElapsedTime(since) < RetryInterval;
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
    }
}
