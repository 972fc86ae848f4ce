using System.Net;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Authenticates a caller by its API key.</summary>
/// <remarks>
/// A text that cannot be a key, a wrong key of a cached client, and a key of a client that was recently found not to exist are
/// rejected without the store and counted separately. A client that is not cached costs one lookup in the store, which counts
/// as a failure until it succeeds, so that concurrent guesses cannot cause more lookups than their network has permitted
/// failures.
/// </remarks>
public sealed class Authenticator(
    ClientDirectory directory,
    FailedAuthentications failures,
    KeyUses uses,
    TimeProvider time
)
{
    /// <param name="text">The key as it was sent.</param>
    /// <param name="address">The address of the caller.</param>
    /// <param name="isForCheck">Whether the timeout of a check applies.</param>
    /// <exception cref="StoreUnavailableException">The client is not cached here and the store does not answer.</exception>
    public ValueTask<Authentication> AuthenticateAsync(
        string? text,
        IPAddress address,
        bool isForCheck = false
    ) =>
        !ApiKey.TryParse(text, out var key) ? ValueTask.FromResult(Refuse(address))
        : directory.TryFind(key, out var caller) ? ValueTask.FromResult(Admit(caller, address))
        : FindAsync(key, address, isForCheck);

    /// <summary>
    /// Whether a key that was accepted is still valid and has one of the wanted scopes, for long-running requests. It counts
    /// neither as a use of the key nor as a failure.
    /// </summary>
    public async ValueTask<bool> StillAdmitsAsync(string? text, Scopes wanted)
    {
        try
        {
            return ApiKey.TryParse(text, out var key)
                && await directory.FindAsync(key, isForCheck: false, CancellationToken.None)
                    is { Key: var found }
                && found.IsValidAt(time.GetUtcNow())
                && found.Scopes.Allow(wanted);
        }
        catch (StoreUnavailableException)
        {
            // Unknown; a key that was valid stays valid until the store reports otherwise.
            return true;
        }
    }

    private async ValueTask<Authentication> FindAsync(
        ApiKey key,
        IPAddress address,
        bool isForCheck
    )
    {
        var isKnown = directory.Knows(key.Client);
        if (!isKnown && failures.IsUnknownClient(key.Client))
        {
            return Refuse(address);
        }

        if (!isKnown && failures.AddQuestion(address) is { } wait)
        {
            return new Authentication(null, wait);
        }

        var isFailure = false;
        try
        {
            // The caller's cancellation is not observed: that would cost more than finding the key.
            var caller = await directory.FindAsync(key, isForCheck, CancellationToken.None);
            isFailure = caller is null;
            if (isFailure && !directory.Knows(key.Client))
            {
                failures.AddUnknownClient(key.Client);
            }

            return caller is not null ? Admit(caller, address)
                : isKnown ? Refuse(address)
                : default;
        }
        finally
        {
            if (!isKnown && !isFailure)
            {
                failures.RemoveQuestion(address);
            }
        }
    }

    private Authentication Admit(AuthenticatedCaller caller, IPAddress address)
    {
        var now = time.GetUtcNow();
        if (!caller.Key.IsValidAt(now))
        {
            return Refuse(address);
        }

        uses.Record(caller, now);
        return new Authentication(caller, null);
    }

    private Authentication Refuse(IPAddress address) => new(null, failures.AddRefusal(address));
}

/// <param name="Caller">The authenticated caller; null when the key was rejected.</param>
/// <param name="RetryAfter">How long to wait when the key was rejected because of too many earlier failures.</param>
public readonly record struct Authentication(AuthenticatedCaller? Caller, TimeSpan? RetryAfter);
