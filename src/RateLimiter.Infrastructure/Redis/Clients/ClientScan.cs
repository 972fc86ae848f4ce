using System.Runtime.CompilerServices;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Clients;

/// <summary>Finds all clients of the store, of which there is no index.</summary>
internal static class ClientScan
{
    private const string Beginning = "rl:{";
    private const string End = "}:client";

    /// <summary>Finds every client at least once.</summary>
    public static async IAsyncEnumerable<ClientId> FindAsync(
        RedisConnection connection,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var pages = KeyScan.ReadAsync(connection, Beginning, End, cancellationToken);
        await foreach (var (_, keys) in pages)
        {
            // User ids can be any text, but no counter's key has this form.
            foreach (
                var name in keys.Select(key => $"{key}")
                    .Where(name => name.Length == Beginning.Length + ClientId.Length + End.Length)
            )
            {
                yield return new ClientId(name.Substring(Beginning.Length, ClientId.Length));
            }
        }
    }
}
