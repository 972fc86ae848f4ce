using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Changes the keys of clients, one change after the other.</summary>
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
    /// Says which keys there are from now on, null for the same, and what has come out. Is asked again when somebody else
    /// has changed something in between.
    /// </summary>
    /// <param name="before">The keys there are.</param>
    /// <param name="own">The key it is asked with, as it is now.</param>
    /// <param name="now">The time.</param>
    public delegate (KeyRing? After, KeyOutcome Outcome) Change(
        KeyRing before,
        ClientKey own,
        DateTimeOffset now
    );

    /// <summary>Changes a client's keys.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="actor">The same, for the audit trail.</param>
    /// <param name="change">What to do.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>
    /// What has come out. Null when the client or the key it is asked with is gone, which this instance may not have
    /// heard yet: a key that is revoked must not leave another one behind.
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
            // Also after a failure: a save without an answer may have been a save.
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

    // A new key whose save is not answered would be lost with the answer, and the one that it replaces with it. So it is
    // looked whether it was saved.
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
