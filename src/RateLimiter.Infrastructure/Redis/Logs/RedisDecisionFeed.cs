using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>
/// Polls the logs instead of publishing entries: a message can be lost, and publishing would make every decision more
/// expensive, even when no one follows the log.
/// </summary>
internal sealed class RedisDecisionFeed(RedisConnection connection, RedisDecisionLog log)
    : IDecisionFeed
{
    /// <summary>
    /// The most entries that a stream gets at once, as many as a log of the default size can have; of a longer log, older ones count
    /// as dropped.
    /// </summary>
    private const int MaxEntries = 1100;

    private readonly LogReader reader = new(connection);

    public event Action<ClientId>? Written
    {
        add => log.Written += value;
        remove => log.Written -= value;
    }

    public Task FlushAsync(ClientId client, CancellationToken cancellationToken) =>
        log.FlushAsync(cancellationToken);

    public async Task<LogSegment> ReadAsync(
        ClientId client,
        ClientLog log,
        long? after,
        CancellationToken cancellationToken
    )
    {
        var page = await reader.ReadAsync(
            new LogId(client, log),
            after,
            MaxEntries,
            MaxEntries,
            cancellationToken
        );
        return new LogSegment(page.Start, page.Cut, page.Length, page.Entries);
    }
}
