using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain;
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
/// the store does not answer, the newest that is known stays in use, and what was written here is known: it must hold on
/// this instance whatever the store does next. Only after the instance stood still, nobody is let in for a moment whom the store
/// does not confirm: it may be the instance that was away, and not the store.
/// Only clients that exist are kept, so that made-up keys neither fill the memory nor push out anyone.
/// </remarks>
public sealed class ClientDirectory
{
    /// <summary>The longest that a change on another instance can go unseen.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    /// <summary>
    /// As <see cref="MaxAge"/>, while changes are heard: for what was written into the store past every instance.
    /// </summary>
    internal static readonly TimeSpan SubscribedMaxAge = TimeSpan.FromMinutes(1);

    /// <summary>For changes whose version is not known: it is later than all others that are.</summary>
    public const long Latest = long.MaxValue;

    /// <summary>How long the newest that is known is used without waiting, when the store did not answer.</summary>
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    private readonly IClientRepository repository;
    private readonly IClientChanges changes;
    private readonly TimeProvider time;
    private readonly TimeProvider storeTime;
    private readonly TimeSpan checkTimeout;
    private readonly ClientCache entries;

    // Loads under way, so that requests that come at once share one. Both this and the writes to `entries` are guarded
    // by the gate: a load that began before a change must not put back what the change removed.
    private readonly Dictionary<ClientId, Task<ClientSnapshot?>> loads = [];
    private readonly Lock gate = new();

    private long lastLoss = long.MinValue;
    private long woken = long.MinValue;

    /// <summary>Whether keys that came had been let in lately.</summary>
    internal CacheCount KeyRequests { get; } = new();

    /// <summary>Whether clients that were looked for were known here.</summary>
    internal CacheCount ClientRequests { get; } = new();

    /// <summary>How many clients are in memory.</summary>
    internal int Count => entries.Count;

    /// <summary>What they take up there, in bytes, by estimate.</summary>
    internal long Bytes => entries.Bytes;

    public ClientDirectory(
        IClientRepository repository,
        IClientChanges changes,
        IOptions<StoreOptions> store,
        IOptions<ClientOptions> options,
        TimeProvider time,
        [FromKeyedServices(StoreOptions.Section)] TimeProvider storeTime
    )
    {
        this.repository = repository;
        this.changes = changes;
        this.time = time;
        this.storeTime = storeTime;
        checkTimeout = store.Value.Timeout;
        entries = new ClientCache(options.Value.MaxCachedBytes);
        changes.Changed += Invalidate;
        // It may be a part of a change that this instance is just making itself, and nothing brings these keys back.
        changes.KeysRevoked += (client, keys) =>
            Apply(client, Latest, known => known with { Keys = known.Keys.Without(keys) });
        // What was asked before then may be of before what was missed.
        changes.MessagesLost += () => Interlocked.Exchange(ref lastLoss, time.GetTimestamp());
        changes.Woken += () => Interlocked.Exchange(ref woken, time.GetTimestamp());
    }

    private bool HasJustWoken =>
        Interlocked.Read(ref woken) is var at and not long.MinValue
        && time.GetElapsedTime(at) < MaxAge;

    /// <summary>Whether the store need not be asked whose key this is. Of one that has been let in lately.</summary>
    public bool TryFind(ApiKey key, [NotNullWhen(true)] out AuthenticatedCaller? caller)
    {
        caller =
            entries.TryGet(key.Client, out var entry) && AgeOf(entry) == Age.Young
                ? entry.CallerOf(key)
                : null;
        KeyRequests.Add(isHit: caller is not null);
        return caller is not null;
    }

    /// <summary>Whether something is known of a client here, or just being asked, so that it costs no question more.</summary>
    public bool Knows(ClientId client)
    {
        if (entries.TryPeek(client, out _))
        {
            return true;
        }

        lock (gate)
        {
            return loads.ContainsKey(client);
        }
    }

    /// <summary>Whose key this is, expired or not; null when it is nobody's.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isForCheck">
    /// Whether it is to be let in for a check: nobody waits longer than a check may then, and the load goes on without him.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StoreUnavailableException">The client is not known here and the store does not answer.</exception>
    public async ValueTask<AuthenticatedCaller?> FindAsync(
        ApiKey key,
        bool isForCheck,
        CancellationToken cancellationToken
    )
    {
        var start = storeTime.GetTimestamp();
        var client = await FindAsync(
            key.Client,
            isForCheck ? checkTimeout : Timeout.InfiniteTimeSpan,
            cancellationToken
        );
        if (client?.Keys.Find(key.Hash) is not { } found)
        {
            return null;
        }

        var caller = new AuthenticatedCaller(client, found);
        if (entries.TryPeek(key.Client, out var entry) && ReferenceEquals(entry.Snapshot, client))
        {
            entry.LetIn(key, caller);
        }

        return caller with
        {
            Waited = storeTime.GetElapsedTime(start),
        };
    }

    /// <summary>A client that has just been made here. Whoever comes with its key need not be looked for.</summary>
    public void Add(ClientSnapshot client)
    {
        lock (gate)
        {
            entries.Keep(new ClientEntry(client, time.GetTimestamp()));
        }
    }

    /// <summary>
    /// A client was changed: here, where whoever was answered must find it so, or elsewhere, as was heard. It is loaded anew
    /// before it is used, and while the store does not answer, what is known is used with this change.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="version">
    /// The version that the change made of it: changes are made in the order of their versions, in whichever they come.
    /// <see cref="Latest"/> when it is not known.
    /// </param>
    /// <param name="change">What the change makes of it.</param>
    public void Apply(ClientId client, long version, ClientChange change) =>
        Replace(client, entry => entry.With(version, change));

    /// <summary>
    /// What is known of a client may be wrong: it was changed, or may have been. It is loaded anew before it is used, and
    /// stays in use only while the store does not answer.
    /// </summary>
    public void Invalidate(ClientId client) => Replace(client, entry => entry.Stale());

    private void Replace(ClientId client, Func<ClientEntry, ClientEntry> replace)
    {
        lock (gate)
        {
            loads.Remove(client);
            if (entries.TryPeek(client, out var entry))
            {
                entries.Keep(replace(entry));
            }
        }
    }

    private async ValueTask<ClientSnapshot?> FindAsync(
        ClientId client,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        entries.TryGet(client, out var entry);
        ClientRequests.Add(isHit: entry is not null);
        if (entry is null)
        {
            try
            {
                return await LoadAsync(client).WaitAsync(patience, storeTime, cancellationToken);
            }
            catch (TimeoutException exception)
            {
                throw new StoreUnavailableException("The store did not answer in time.", exception);
            }
        }

        var age = AgeOf(entry);
        var hasJustWoken = HasJustWoken;
        if (age == Age.Young || entry.IsPutOff(time) && !hasJustWoken)
        {
            return entry.Snapshot;
        }

        var refresh = entry.RefreshOnce(() => RefreshAsync(client, entry));
        if (age == Age.Ripe)
        {
            return entry.Snapshot;
        }

        try
        {
            // A store that is slow with this may be fast enough with the counters, which need some of the time too.
            return await refresh.WaitAsync(
                hasJustWoken ? checkTimeout : checkTimeout / 2,
                storeTime,
                cancellationToken
            );
        }
        catch (TimeoutException)
        {
            return PutOff(client, entry);
        }
    }

    private Age AgeOf(ClientEntry entry)
    {
        // First: it finds out what was missed.
        var maxAge = changes.IsSubscribed ? SubscribedMaxAge : MaxAge;
        var confirmed = entry.Confirmed;
        if (confirmed <= Interlocked.Read(ref lastLoss))
        {
            return Age.Old;
        }

        var age = time.GetElapsedTime(confirmed);
        return age < maxAge / 2 ? Age.Young
            : age < maxAge ? Age.Ripe
            : Age.Old;
    }

    private async Task<ClientSnapshot?> RefreshAsync(ClientId client, ClientEntry entry)
    {
        try
        {
            return entry.IsStale || !await IsConfirmedAsync(client, entry)
                // The entry stays until what comes in its place is there.
                ? await LoadAsync(client)
                : entry.Snapshot;
        }
        catch (StoreUnavailableException)
        {
            return PutOff(client, entry);
        }
    }

    private async Task<bool> IsConfirmedAsync(ClientId client, ClientEntry entry)
    {
        var asked = time.GetTimestamp();
        var version = await repository.FindVersionAsync(client, CancellationToken.None);
        if (version != entry.Snapshot.Version)
        {
            return false;
        }

        entry.Confirm(asked);
        return true;
    }

    /// <summary>The newest that is known, which may be newer than what was not answered for.</summary>
    /// <exception cref="StoreUnavailableException">It is of before the instance stood still.</exception>
    private ClientSnapshot PutOff(ClientId client, ClientEntry entry)
    {
        entry.PutOff(time);
        if (HasJustWoken)
        {
            throw new StoreUnavailableException(
                "What changed while the service stood still is not known yet."
            );
        }

        return entries.TryPeek(client, out var newest) ? newest.Snapshot : entry.Snapshot;
    }

    private Task<ClientSnapshot?> LoadAsync(ClientId client)
    {
        lock (gate)
        {
            if (!loads.TryGetValue(client, out var load))
            {
                // What is loaded is as old as the question, not as the answer.
                var asked = time.GetTimestamp();
                entries.TryPeek(client, out var entry);
                var known = entry?.Snapshot.Version ?? 0;
                // After a break the store may be another one, whose versions are of other changes.
                var loaded = entry?.LoadedAfter(Interlocked.Read(ref lastLoss));
                // Elsewhere, so that the repository does not run within the lock.
                load = Task.Run(() =>
                    repository.FindAsync(client, known, loaded, CancellationToken.None)
                );
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
        // Who waited for it may have gone.
        _ = load.Exception;
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
                    entries.Remove(client);
                }
                else
                {
                    entries.Keep(new ClientEntry(snapshot, asked));
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
}
