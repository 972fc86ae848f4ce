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
/// An in-memory cache of the keys and policies of the active clients on this instance, so that a check needs only its counters
/// from the store.
/// </summary>
/// <remarks>
/// The next request sees a change that was made on this instance; a change from another instance is seen when its invalidation
/// message arrives. While the subscription is not healthy, an entry older than <see cref="MaxAge"/> is compared with the
/// store's version before it is used. When the store does not answer, the newest known entry stays in use. It includes the
/// changes that were written on this instance, which must hold here whatever the store does next. The exception is the time
/// just after this instance was suspended: for a moment it accepts no caller that the store does not confirm, because the
/// instance may have been the one that was unavailable, and not the store.
/// Only existing clients are cached, so that invented keys neither fill the memory nor evict other clients. Concurrent requests
/// share one load of a client (no cache stampede).
/// </remarks>
public sealed class ClientDirectory
{
    /// <summary>The longest time for which a change on another instance can go unnoticed.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    /// <summary>The version of a change whose version is unknown. It is later than all known versions.</summary>
    public const long Latest = long.MaxValue;

    /// <summary>How long the newest known entry is used without waiting after the store did not answer.</summary>
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    private readonly IClientRepository repository;
    private readonly TimeProvider time;
    private readonly TimeProvider storeTime;
    private readonly TimeSpan checkTimeout;
    private readonly ClientCache entries;
    private readonly ClientFreshness freshness;
    private readonly ClientLoader loader;

    /// <summary>Hits and misses: whether the key of a request was recently accepted.</summary>
    internal CacheCount KeyRequests { get; } = new();

    /// <summary>Hits and misses: whether a requested client was cached here.</summary>
    internal CacheCount ClientRequests { get; } = new();

    /// <summary>The number of clients in memory.</summary>
    internal int Count => entries.Count;

    /// <summary>Their memory in bytes, by estimate.</summary>
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
        this.time = time;
        this.storeTime = storeTime;
        checkTimeout = store.Value.Timeout;
        entries = new ClientCache(options.Value.MaxCachedBytes);
        freshness = new ClientFreshness(changes, time);
        loader = new ClientLoader(repository, entries, freshness, time);
        changes.Changed += Invalidate;
        // May be part of a change that this instance is making itself; revoked keys never become valid again.
        changes.KeysRevoked += (client, keys) =>
            Apply(client, Latest, known => known with { Keys = known.Keys.Without(keys) });
    }

    /// <summary>Finds the caller of a recently accepted key without asking the store.</summary>
    public bool TryFind(ApiKey key, [NotNullWhen(true)] out AuthenticatedCaller? caller)
    {
        caller =
            entries.TryGet(key.Client, out var entry) && freshness.AgeOf(entry) == ClientAge.Young
                ? entry.CallerOf(key)
                : null;
        KeyRequests.Add(isHit: caller is not null);
        return caller is not null;
    }

    /// <summary>
    /// Whether a client is cached here or is being loaded, so that no further request to the store is needed.
    /// </summary>
    public bool Knows(ClientId client) =>
        entries.TryPeek(client, out _) || loader.IsLoading(client);

    /// <summary>
    /// The caller that a key belongs to, whether the key has expired or not; null when no client has this key.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="isForCheck">
    /// Whether the key is for a check: then the wait is at most the timeout of a check, and the load continues without the
    /// caller.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="StoreUnavailableException">The client is not cached here and the store does not answer.</exception>
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
            entry.RememberCaller(key, caller);
        }

        return caller with
        {
            Waited = storeTime.GetElapsedTime(start),
        };
    }

    /// <summary>Adds a client that was just created on this instance, so that its first requests need no load.</summary>
    public void Add(ClientSnapshot client) => loader.Add(client);

    /// <summary>
    /// Applies a change of a client: either made here, where a caller that has the response must see the change, or received
    /// from another instance. The client is loaded again before it is used; while the store does not answer, the cached data is
    /// used with this change.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="version">
    /// The version that the change created: changes are applied in the order of their versions, in whichever order they arrive.
    /// <see cref="Latest"/> when it is unknown.
    /// </param>
    /// <param name="change">The change.</param>
    public void Apply(ClientId client, long version, ClientChange change) =>
        loader.Replace(client, entry => entry.With(version, change));

    /// <summary>
    /// Invalidates the cached data of a client, because it was changed or may have been. It is loaded again before it is used;
    /// the stale data stays in use only while the store does not answer.
    /// </summary>
    public void Invalidate(ClientId client) => loader.Replace(client, entry => entry.Stale());

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
                return await loader
                    .LoadAsync(client)
                    .WaitAsync(patience, storeTime, cancellationToken);
            }
            catch (TimeoutException exception)
            {
                throw new StoreUnavailableException("The store did not answer in time.", exception);
            }
        }

        var age = freshness.AgeOf(entry);
        var hasJustWoken = freshness.HasJustWoken;
        if (age == ClientAge.Young || entry.IsPutOff(time) && !hasJustWoken)
        {
            return entry.Snapshot;
        }

        var refresh = entry.RefreshOnce(() => RefreshAsync(client, entry));
        if (age == ClientAge.Ripe)
        {
            return entry.Snapshot;
        }

        try
        {
            // Half of the timeout: a store that is slow here may be fast enough for the counters, which need time too.
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

    private async Task<ClientSnapshot?> RefreshAsync(ClientId client, ClientEntry entry)
    {
        try
        {
            return entry.IsStale || !await IsConfirmedAsync(client, entry)
                ? await loader.LoadAsync(client)
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

    /// <summary>The newest known data, which may be newer than the entry for which the store did not answer.</summary>
    /// <exception cref="StoreUnavailableException">The data is from before this instance was suspended.</exception>
    private ClientSnapshot PutOff(ClientId client, ClientEntry entry)
    {
        entry.PutOff(time);
        if (freshness.HasJustWoken)
        {
            throw new StoreUnavailableException(
                "Changes made while the service was suspended are not known yet."
            );
        }

        return entries.TryPeek(client, out var newest) ? newest.Snapshot : entry.Snapshot;
    }
}
