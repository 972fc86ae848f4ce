using System.Diagnostics;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Why a key, or a change of keys, was rejected, in words.</summary>
public static class KeyRefusal
{
    /// <summary>An address sent too many invalid keys.</summary>
    public const string TooManyInvalidKeys = "Too many invalid API keys from this address.";

    /// <summary>The key has none of the scopes of which one is sufficient.</summary>
    public static string ScopeMissing(Scopes wanted) =>
        $"The API key does not have the scope {string.Join(" or ", wanted.ToNames())}.";

    /// <param name="outcome">The outcome of a change that was not made.</param>
    public static string Why(KeyOutcome? outcome) =>
        outcome switch
        {
            KeyNotFound => "There is no such key.",
            LastAdminKey =>
                "This is the last key with the scope admin, or the last that does not expire. Make another one first.",
            KeyReplaced => "This key was replaced before. Use the one that replaced it.",
            TooManyKeys { Max: var max } =>
                $"A client can have {max} keys. Delete one that is not needed any more.",
            ExceedsCallerScope =>
                "The key would be good, or is, for more or for longer than the API key of this request.",
            KeysContended =>
                "Other callers keep changing the keys of this client. Nothing was changed; try again.",
            null => ClientRefusal.Deleted,
            _ => throw new UnreachableException($"{outcome} is a change that was made."),
        };
}
