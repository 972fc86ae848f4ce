using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Changes the keys of clients, with optimistic concurrency.</summary>
internal sealed class KeyWriter(
    IKeyRepository keys,
    ClientDirectory directory,
    StoreRoom room,
    TimeProvider time
)
{
    /// <summary>So often a change is planned again because another caller's came in between.</summary>
    internal const int MaxAttempts = 20;

    /// <summary>
    /// Returns the keys after the change, null for no change, and the outcome. It is called again when another request changed
    /// the keys in between.
    /// </summary>
    /// <param name="before">The current keys.</param>
    /// <param name="own">The current state of the caller's key.</param>
    /// <param name="now">The time.</param>
    public delegate (KeyRing? After, KeyOutcome Outcome) Change(
        KeyRing before,
        ClientKey own,
        DateTimeOffset now
    );

    /// <summary>Changes a client's keys.</summary>
    /// <param name="caller">The authenticated caller.</param>
    /// <param name="actor">The same caller, for the audit trail.</param>
    /// <param name="change">The change.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>
    /// The outcome. Null when the client or the caller's key no longer exists, which this instance may not have learned yet: a
    /// revoked key must not create another one.
    /// </returns>
    public async Task<KeyOutcome?> ChangeAsync(
        AuthenticatedCaller caller,
        Actor actor,
        Change change,
        CancellationToken cancellationToken
    )
    {
        var client = caller.Client.Id;
        try
        {
            for (var attempt = 1; attempt <= MaxAttempts; attempt++)
            {
                var now = time.GetUtcNow();
                if (
                    await keys.FindAsync(client, cancellationToken) is not var (version, before)
                    || !before.TryFind(caller.Key.Id, now, out var own)
                )
                {
                    return null;
                }

                var (after, outcome) = change(before, own, now);
                if (after is null)
                {
                    return outcome;
                }

                if (after.Keys.Count > before.Keys.Count)
                {
                    room.Ensure();
                }

                if (
                    await SaveAsync(
                        client,
                        version,
                        before,
                        after,
                        AuditOf(outcome, now, actor),
                        cancellationToken
                    ) is
                    { } saved
                )
                {
                    directory.Apply(
                        client,
                        saved,
                        known => known with { Keys = known.Keys.Follow(before, after) }
                    );
                    return outcome;
                }
            }

            return new KeysContended();
        }
        finally
        {
            // Also after a failure: a save without a reply may have succeeded.
            directory.Invalidate(client);
        }
    }

    private static AuditRecord AuditOf(KeyOutcome outcome, DateTimeOffset now, Actor actor) =>
        outcome switch
        {
            KeyMade { Replaced: { } old } made => new(
                AuditAction.KeyRotated,
                now,
                actor,
                AuditedKey.Of(old),
                AuditedKey.Of(made.Key)
            ),
            KeyMade made => new(AuditAction.KeyCreated, now, actor, null, AuditedKey.Of(made.Key)),
            KeyDeleted deleted => new(
                AuditAction.KeyDeleted,
                now,
                actor,
                AuditedKey.Of(deleted.Key),
                null
            ),
            _ => throw new ArgumentException("Nothing has changed.", nameof(outcome)),
        };

    // If the store does not reply to a save, the new key would be lost with the response, and so would the key that it
    // replaces. Therefore the keys are read back to see whether the save succeeded.
    private async Task<long?> SaveAsync(
        ClientId client,
        long version,
        KeyRing before,
        KeyRing after,
        AuditRecord audit,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await keys.TrySaveAsync(
                client,
                version,
                before,
                after,
                audit,
                cancellationToken
            );
        }
        catch (StoreUnavailableException)
        {
            if (
                await keys.FindAsync(client, cancellationToken) is var (_, found)
                && after.Keys.All(key => found.Find(key.Hash) == key)
                && found.Keys.Count == after.Keys.Count
            )
            {
                return ClientDirectory.Latest;
            }

            throw;
        }
    }
}
