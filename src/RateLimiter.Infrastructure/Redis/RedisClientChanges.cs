using RateLimiter.Application.Clients;
using RateLimiter.Domain.Clients;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>Tells the other instances by publish and subscribe. The message is the client's id.</summary>
internal sealed class RedisClientChanges(RedisConnection connection) : IClientChanges
{
    private static readonly RedisChannel Channel = RedisChannel.Literal(RedisKeys.Changes);

    public void Announce(ClientId client)
    {
        if (connection.Connected is { IsCompletedSuccessfully: true } connected)
        {
            _ = AnnounceAsync(connected, client);
        }
    }

    public void Subscribe(Action<ClientId> changed, Action missed) =>
        _ = SubscribeAsync(changed, missed);

    private static async Task AnnounceAsync(Task<IConnectionMultiplexer> connected, ClientId client)
    {
        var subscriber = (await connected).GetSubscriber();
        await subscriber.PublishAsync(Channel, client.Value, CommandFlags.FireAndForget);
    }

    private async Task SubscribeAsync(Action<ClientId> changed, Action missed)
    {
        try
        {
            // Until it listens, changes are seen by the age of what is known.
            await connection.SubscribeAsync(
                Channel,
                client => changed(new ClientId(client!)),
                missed,
                CancellationToken.None
            );
        }
        catch (ObjectDisposedException)
        {
            // The service has ended.
        }
    }
}
