using System.Globalization;
using System.Text;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Clients;

/// <summary>Scans all keys of the store page by page, so that no other request is delayed by it.</summary>
internal static class KeyScan
{
    /// <summary>About how many keys the store examines in one step: less than a millisecond's work.</summary>
    public const int PageSize = 500;

    /// <summary>Scans a page of the keys of a server.</summary>
    /// <param name="connection">The store.</param>
    /// <param name="master">One of its servers, with its shard.</param>
    /// <param name="cursor">Where the page begins; 0 for the first page.</param>
    /// <param name="beginning">The prefix of the keys to find.</param>
    /// <param name="end">The suffix of the keys to find.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// Where the next page begins, 0 after the last one, and the keys of this page, which may have to be filtered
    /// again.
    /// </returns>
    public static async Task<(long Cursor, RedisKey[] Keys)> ReadPageAsync(
        RedisConnection connection,
        (int Shard, IServer Server) master,
        long cursor,
        string beginning,
        string end,
        CancellationToken cancellationToken
    )
    {
        // With a pattern, the embedded store would not reply before it has found a page of matching keys, and block all
        // other requests meanwhile. Other stores examine a page of keys either way, and need not send those of other
        // clients.
        object[] page = connection.IsEmbedded
            ? [cursor, "COUNT", PageSize]
            : [cursor, "COUNT", PageSize, "MATCH", $"{beginning}*{end}"];
        var reply = (RedisResult[])
            (
                await connection.AskShardAsync(
                    master.Shard,
                    database => master.Server.ExecuteAsync(database.Database, "SCAN", page),
                    connection.AdministrativeTimeout,
                    cancellationToken
                )
            )!;
        var (first, last) = (Encoding.UTF8.GetBytes(beginning), Encoding.UTF8.GetBytes(end));
        return (
            long.Parse((string)reply[0]!, CultureInfo.InvariantCulture),
            [
                .. ((RedisKey[])reply[1]!).Where(key =>
                    ((byte[])key!).AsSpan().StartsWith(first)
                    && ((byte[])key!).AsSpan().EndsWith(last)
                ),
            ]
        );
    }
}
