using RateLimiter.Application.Clients;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Changes the keys of clients, one change after the other.</summary>
internal sealed class KeyRings(IKeyRepository keys, ClientDirectory directory, TimeProvider time)
{
    /// <summary>Changes a client's keys.</summary>
    /// <param name="client">The client.</param>
    /// <param name="change">
    /// Says which keys it has from now on, null for the same, and what has come out; is asked again when somebody else
    /// has changed something in between.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>What has come out; the default when there is no such client any more.</returns>
    public async Task<TOutcome?> ChangeAsync<TOutcome>(
        ClientId client,
        Func<KeyRing, DateTimeOffset, (KeyRing? After, TOutcome Outcome)> change,
        CancellationToken cancellationToken
    )
    {
        try
        {
            while (true)
            {
                if (await keys.FindAsync(client, cancellationToken) is not var (version, before))
                {
                    return default;
                }

                var (after, outcome) = change(before, time.GetUtcNow());
                if (
                    after is null
                    || await keys.TrySaveAsync(client, version, before, after, cancellationToken)
                )
                {
                    return outcome;
                }
            }
        }
        finally
        {
            // Also after a failure: a save without an answer may have been a save.
            directory.Doubt(client);
        }
    }
}
