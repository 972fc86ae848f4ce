using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Clients;

/// <summary>Scans all keys of the store page by page, so that no other request is delayed by it.</summary>
internal static class KeyScan
{
    /// <summary>About how many keys the store examines in one step: less than a millisecond's work.</summary>
    public const int PageSize = 500;

    /// <summary>
    /// Scans all servers that take writes, again when slots have moved meanwhile. The same key may be returned more than once.
    /// </summary>
    /// <param name="connection">The store.</param>
    /// <param name="beginning">The prefix of the keys to find.</param>
    /// <param name="end">The suffix of the keys to find.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The keys that were found in each page, and their shard.</returns>
    public static async IAsyncEnumerable<(int Shard, RedisKey[] Keys)> ReadAsync(
        RedisConnection connection,
        string beginning,
        string end,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var layout = await StoreLayout.FindAsync(connection, cancellationToken);
        while (true)
        {
            foreach (var master in layout.Masters)
            {
                var cursor = 0L;
                do
                {
                    (cursor, var keys) = await ReadPageAsync(
                        connection,
                        master,
                        cursor,
                        beginning,
                        end,
                        cancellationToken
                    );
                    yield return (master.Shard, keys);
                } while (cursor != 0);
            }

            // A slot that has moved may have been scanned on each of its masters while it was on the other.
            var before = layout.Slots;
            layout = await StoreLayout.FindAsync(connection, cancellationToken);
            if (layout.Slots == before)
            {
                yield break;
            }
        }
    }

    private static async Task<(long Cursor, RedisKey[] Keys)> ReadPageAsync(
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
