using System.Net;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Finds out who comes with a key.</summary>
/// <remarks>
/// A text that cannot be a key, a wrong key of a client that is known here, and a key of a client that has just been found to be
/// none are refused without the store, and counted apart. A client that is not known here costs a question, which counts as a
/// failure until it turns out to be none, so that guesses that come at once cannot ask more often than their network may fail.
/// </remarks>
public sealed class Authenticator(
    ClientDirectory directory,
    FailedAuthentications failures,
    KeyUses uses,
    TimeProvider time
)
{
    /// <param name="text">The key as it was sent.</param>
    /// <param name="address">Who sent it.</param>
    /// <param name="isForCheck">Whether it must take no longer than a check may.</param>
    /// <exception cref="StoreUnavailableException">The client is not known here and the store does not answer.</exception>
    public ValueTask<Authentication> AuthenticateAsync(
        string? text,
        IPAddress address,
        bool isForCheck = false
    ) =>
        !ApiKey.TryParse(text, out var key) ? ValueTask.FromResult(Refuse(address))
        : directory.TryFind(key, out var caller) ? ValueTask.FromResult(Admit(caller, address))
        : FindAsync(key, address, isForCheck);

    /// <summary>
    /// Whether a key that was let in is still good for something, for a request that lasts. It counts neither as a use nor
    /// as a failure.
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
            // Nobody can say; what was good stays good until the store says otherwise.
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
        if (!isKnown && failures.IsStranger(key.Client))
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
            // The caller's end is not watched: that would cost more than finding the key.
            var caller = await directory.FindAsync(key, isForCheck, CancellationToken.None);
            isFailure = caller is null;
            if (isFailure && !directory.Knows(key.Client))
            {
                failures.AddStranger(key.Client);
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

/// <param name="Caller">Who was let in; null when nobody.</param>
/// <param name="RetryAfter">How long to wait, when nobody was let in because too many came with no key before.</param>
public readonly record struct Authentication(AuthenticatedCaller? Caller, TimeSpan? RetryAfter);
