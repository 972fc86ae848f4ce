using System.Diagnostics.CodeAnalysis;

namespace RateLimiter.Domain.Keys;

/// <summary>
/// The keys of one client. Immutable: a change returns a new key ring, without the keys that have expired by then.
/// </summary>
public sealed class KeyRing
{
    private readonly Dictionary<KeyHash, ClientKey> keys;

    public KeyRing(IEnumerable<ClientKey> keys) => this.keys = keys.ToDictionary(key => key.Hash);

    /// <summary>In no particular order; includes expired keys that have not been removed yet.</summary>
    public IReadOnlyCollection<ClientKey> Keys => keys.Values;

    /// <summary>The key with this hash, expired or not.</summary>
    public ClientKey? Find(KeyHash hash) => keys.GetValueOrDefault(hash);

    public bool TryFind(string id, DateTimeOffset now, [NotNullWhen(true)] out ClientKey? key)
    {
        key = keys.Values.FirstOrDefault(key => key.Id == id && key.IsValidAt(now));
        return key is not null;
    }

    public KeyRing With(ClientKey key, DateTimeOffset now) => new([.. Valid(now), key]);

    public KeyRing Without(ClientKey key, DateTimeOffset now) =>
        new(Valid(now).Where(other => other.Id != key.Id));

    /// <summary>This key ring without the keys that have these hashes.</summary>
    public KeyRing Without(IReadOnlyCollection<KeyHash> hashes) =>
        new(keys.Values.Where(key => !hashes.Contains(key.Hash)));

    /// <summary>This key ring after the change that turned <paramref name="before"/> into <paramref name="after"/>.</summary>
    public KeyRing Follow(KeyRing before, KeyRing after)
    {
        var followed = new Dictionary<KeyHash, ClientKey>(keys);
        foreach (var gone in before.keys.Keys.Where(hash => after.Find(hash) is null))
        {
            followed.Remove(gone);
        }

        foreach (var come in after.Keys.Where(key => before.Find(key.Hash) != key))
        {
            followed[come.Hash] = come;
        }

        return new KeyRing(followed.Values);
    }

    /// <summary>Replaces a key by another; the old key stays valid for a grace period.</summary>
    public KeyRing Replace(ClientKey old, ClientKey successor, TimeSpan grace, DateTimeOffset now)
    {
        var ring = Without(old, now).With(successor, now);
        var end = now + grace;
        return grace > TimeSpan.Zero
            ? ring.With(
                old with
                {
                    ExpiresAt = end < old.ExpiresAt ? end : old.ExpiresAt ?? end,
                },
                now
            )
            : ring;
    }

    /// <summary>
    /// Whether a valid key with the scope admin remains, if there was one before. If one of those before never expires, one
    /// that never expires must remain: a key that will expire is no substitute for it.
    /// </summary>
    public bool KeepsAdminOf(KeyRing before, DateTimeOffset now) =>
        before.Admins(now).Any(key => key.ExpiresAt is null)
            ? Admins(now).Any(key => key.ExpiresAt is null)
            : Admins(now).Any();

    private IEnumerable<ClientKey> Admins(DateTimeOffset now) =>
        Valid(now).Where(key => key.Scopes.HasFlag(Scopes.Admin));

    private IEnumerable<ClientKey> Valid(DateTimeOffset now) =>
        keys.Values.Where(key => key.IsValidAt(now));
}
