using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>
/// Records the last use of each key, to the minute. Uses are written periodically in the background, never by the request that
/// uses a key.
/// </summary>
public sealed class KeyUses(IKeyRepository keys, TimeProvider time, ILogger<KeyUses> logger)
    : RepeatingService("The writing of the last uses of keys", Interval, time, logger)
{
    /// <summary>The longest time that a use stays unwritten; it is lost when the service is killed.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The most clients whose uses are buffered while the store does not answer. The uses of others are lost.
    /// </summary>
    internal const int Capacity = 100_000;

    private readonly ConcurrentDictionary<ClientId, ConcurrentDictionary<KeyHash, long>> unwritten =
        new();

    /// <summary>Records that a key is used now.</summary>
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

    /// <summary>Writes the buffered uses of a client's keys.</summary>
    /// <exception cref="StoreUnavailableException">The uses stay buffered for the next attempt.</exception>
    public async Task WriteAsync(ClientId client, CancellationToken cancellationToken)
    {
        // A request that got the dictionary before may still add a use to it, which loses at most one minute's update.
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
                // The store monitor reports it. It is written the next time; other clients may be on another shard.
            }
        }
    }
}
