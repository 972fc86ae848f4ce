using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Creates another key for a client.</summary>
/// <param name="Caller">The authenticated caller.</param>
/// <param name="Name">1 to 100 characters; need not be unique.</param>
/// <param name="Scopes">The scopes of the key.</param>
/// <param name="Lifetime">The lifetime of the key; null for no expiry.</param>
/// <param name="Actor">The same caller, for the audit trail.</param>
public sealed record CreateKeyCommand(
    AuthenticatedCaller Caller,
    string Name,
    Scopes Scopes,
    TimeSpan? Lifetime,
    Actor Actor
) : IRequest<KeyOutcome?>;

/// <summary>
/// <see cref="KeyMade"/>, <see cref="KeyDeleted"/>, or the reason of a rejection. Null means that the client or the caller's
/// key no longer exists.
/// </summary>
public abstract record KeyOutcome;

/// <param name="Key">The stored data of the key.</param>
/// <param name="Text">The key itself, which is not stored.</param>
/// <param name="Replaced">The key that it replaces; null when it replaces none.</param>
public sealed record KeyMade(ClientKey Key, string Text, ClientKey? Replaced = null) : KeyOutcome;

/// <param name="Key">The stored data of the deleted key.</param>
public sealed record KeyDeleted(ClientKey Key) : KeyOutcome;

public sealed record KeyNotFound : KeyOutcome;

/// <summary>No key with the scope admin would remain.</summary>
public sealed record LastAdminKey : KeyOutcome;

/// <summary>The key has, or would have, more scopes or a later expiry than the caller's own key.</summary>
public sealed record ExceedsCallerScope : KeyOutcome;

/// <summary>The key was already replaced and is valid only until its grace period ends.</summary>
public sealed record KeyReplaced : KeyOutcome;

/// <param name="Max">The maximum number of keys of a client.</param>
public sealed record TooManyKeys(int Max) : KeyOutcome;

/// <summary>Other callers changed the client's keys again and again, so that nothing was changed.</summary>
public sealed record KeysContended : KeyOutcome;

internal sealed class CreateKeyHandler(KeyWriter keys, IOptions<QuotaOptions> quotas)
    : IRequestHandler<CreateKeyCommand, KeyOutcome?>
{
    public Task<KeyOutcome?> Handle(CreateKeyCommand command, CancellationToken cancellationToken)
    {
        var (secret, text) = ApiKey.Generate(command.Caller.Client.Id);
        return keys.ChangeAsync(
            command.Caller,
            command.Actor,
            (before, own, now) =>
            {
                var key = ClientKey.Create(
                    secret,
                    command.Name,
                    command.Scopes,
                    now,
                    command.Lifetime
                );
                if (!own.Scopes.Cover(key.Scopes) || Outlives(key, own))
                {
                    return (null, new ExceedsCallerScope());
                }

                var after = before.With(key, now);
                return after.Keys.Count > quotas.Value.MaxKeys
                    ? (null, new TooManyKeys(quotas.Value.MaxKeys))
                    : (after, new KeyMade(key, text));
            },
            cancellationToken
        );
    }

    private static bool Outlives(ClientKey key, ClientKey own) =>
        own.ExpiresAt is { } end && !(key.ExpiresAt <= end);
}
