using System.Diagnostics;
using RateLimiter.Application.Keys;

namespace RateLimiter.Api.Keys;

/// <summary>Why a change of keys was rejected, in words.</summary>
internal static class KeyRefusal
{
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
            null => "The client or its API key has just been deleted.",
            _ => throw new UnreachableException($"{outcome} is a change that was made."),
        };
}
