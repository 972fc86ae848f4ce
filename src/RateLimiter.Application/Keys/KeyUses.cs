using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>
/// Notes when keys are used, to the minute. It is written from time to time and never by whoever uses one.
/// </summary>
public sealed class KeyUses(IKeyRepository keys, TimeProvider time, ILogger<KeyUses> logger)
    : RepeatingService("The writing of the uses of keys", Interval, time, logger)
{
    /// <summary>The longest that a use goes unwritten, and is lost when the service is killed.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>The most clients whose uses wait, while the store does not answer. The uses of others are lost.</summary>
    internal const int Capacity = 100_000;

    private readonly ConcurrentDictionary<ClientId, ConcurrentDictionary<KeyHash, long>> unwritten =
        new();

    /// <summary>Notes that a key is used now.</summary>
    public void Record(AuthenticatedCaller caller, DateTimeOffset now)
    {
        var minute = now.ToUnixTimeSeconds() / 60;
        if (!caller.UseIn(minute))
        {
            return;
        }

        if (!unwritten.TryGetValue(caller.Client.Id, out var uses))
        {
            if (unwritten.Count >= Capacity)
            {
                return;
            }

            uses = unwritten.GetOrAdd(caller.Client.Id, _ => []);
        }

        uses[caller.Key.Hash] = minute;
    }

    /// <summary>Writes what is known here of a client's keys.</summary>
    /// <exception cref="StoreUnavailableException">It is kept for the next time.</exception>
    public async Task WriteAsync(ClientId client, CancellationToken cancellationToken)
    {
        // Whoever has got hold of it before may note something in it just now, which is at most a minute's news.
        if (!unwritten.TryRemove(client, out var uses))
        {
            return;
        }

        try
        {
            await keys.SaveUsesAsync(client, uses, cancellationToken);
        }
        catch
        {
            unwritten.TryAdd(client, uses);
            throw;
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAllAsync(cancellationToken);
    }

    protected override Task WorkAsync(CancellationToken stoppingToken) =>
        WriteAllAsync(stoppingToken);

    private async Task WriteAllAsync(CancellationToken cancellationToken)
    {
        foreach (var client in unwritten.Keys)
        {
            try
            {
                await WriteAsync(client, cancellationToken);
            }
            catch (StoreUnavailableException)
            {
                // The monitor says so. It is written the next time; others may be in another part of the store.
            }
        }
    }
}
