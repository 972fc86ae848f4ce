using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Makes another key for a client.</summary>
/// <param name="Caller">Who asks.</param>
/// <param name="Name">1 to 100 characters; need not be unique.</param>
/// <param name="Scopes">What it is good for.</param>
/// <param name="Lifetime">For how long; null for ever.</param>
/// <param name="Actor">Who makes it.</param>
public sealed record CreateKeyCommand(
    AuthenticatedCaller Caller,
    string Name,
    Scopes Scopes,
    TimeSpan? Lifetime,
    Actor Actor
) : IRequest<KeyOutcome?>;

/// <summary>
/// <see cref="KeyMade"/>, <see cref="KeyDeleted"/>, or why not. Null stands for a client or a calling key that is gone by
/// now.
/// </summary>
public abstract record KeyOutcome;

/// <param name="Key">What is known of it.</param>
/// <param name="Text">The key itself, which is kept nowhere.</param>
/// <param name="Replaced">The key whose place it takes; null when it takes none's.</param>
public sealed record KeyMade(ClientKey Key, string Text, ClientKey? Replaced = null) : KeyOutcome;

/// <param name="Key">What was known of it.</param>
public sealed record KeyDeleted(ClientKey Key) : KeyOutcome;

public sealed record KeyNotFound : KeyOutcome;

/// <summary>Nobody could do everything any more.</summary>
public sealed record LastAdminKey : KeyOutcome;

/// <summary>The key would be good, or is, for more or for longer than the one it was asked with.</summary>
public sealed record ExceedsCallerScope : KeyOutcome;

/// <summary>The key was replaced before, and is only valid until its grace is over.</summary>
public sealed record KeyReplaced : KeyOutcome;

/// <param name="Max">So many keys a client can have.</param>
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
