using MediatR;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>
/// The keys of a client, oldest first, including keys that expired since the last change of its keys. Null when the client no
/// longer exists.
/// </summary>
public sealed record ListKeysQuery(ClientId Client) : IRequest<IReadOnlyList<UsedKey>?>;

/// <param name="Key">The stored data of the key.</param>
/// <param name="LastUsedAt">The minute of its last use, UTC; null for never.</param>
public sealed record UsedKey(ClientKey Key, DateTimeOffset? LastUsedAt);

internal sealed class ListKeysHandler(IKeyRepository keys, KeyUses uses)
    : IRequestHandler<ListKeysQuery, IReadOnlyList<UsedKey>?>
{
    public async Task<IReadOnlyList<UsedKey>?> Handle(
        ListKeysQuery query,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await uses.WriteAsync(query.Client, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // The store may reject writes and still answer reads. Unwritten uses are not shown.
        }

        var minutes = await keys.FindUsesAsync(query.Client, cancellationToken);
        return await keys.FindAsync(query.Client, cancellationToken) is var (_, ring)
            ?
            [
                .. ring
                    .Keys.OrderBy(key => key.CreatedAt)
                    .ThenBy(key => key.Id, StringComparer.Ordinal)
                    .Select(key => new UsedKey(
                        key,
                        minutes.TryGetValue(key.Hash, out var minute)
                            ? DateTimeOffset.FromUnixTimeSeconds(minute * 60)
                            : null
                    )),
            ]
            : null;
    }
}
