using RateLimiter.Domain;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Loads clients into the cache; concurrent requests share one load of a client (no cache stampede). Everything that writes
/// to the cache does so here, because a load that began before a change must not restore what the change removed.
/// </summary>
internal sealed class ClientLoader(
    IClientRepository repository,
    ClientCache entries,
    ClientFreshness freshness,
    TimeProvider time
)
{
    private readonly Dictionary<ClientId, Task<ClientSnapshot?>> loads = [];

    // Guards both the loads in progress and the writes to the cache.
    private readonly Lock gate = new();

    public bool IsLoading(ClientId client)
    {
        lock (gate)
        {
            return loads.ContainsKey(client);
        }
    }

    public void Add(ClientSnapshot client)
    {
        lock (gate)
        {
            entries.Keep(new ClientEntry(client, time.GetTimestamp()));
        }
    }

    /// <summary>Replaces the entry of a client, if there is one. A load in progress no longer does.</summary>
    public void Replace(ClientId client, Func<ClientEntry, ClientEntry> replace)
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

    /// <summary>Loads a client, or joins the load in progress. The entry stays until its replacement is loaded.</summary>
    public Task<ClientSnapshot?> LoadAsync(ClientId client)
    {
        lock (gate)
        {
            if (!loads.TryGetValue(client, out var load))
            {
                // The loaded data is as old as the request, not as the reply.
                var asked = time.GetTimestamp();
                entries.TryPeek(client, out var entry);
                var known = entry?.Snapshot.Version ?? 0;
                // After a lost connection the store may be another one, whose versions belong to other changes.
                var loaded = entry?.LoadedAfter(freshness.LastLoss);
                // On another thread, so that the repository does not run inside the lock.
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
        // The requests that waited for it may have gone; this marks the exception as observed.
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
}
