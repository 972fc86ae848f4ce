using MediatR;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Makes a key invalid for good.</summary>
/// <param name="Caller">Who asks.</param>
/// <param name="KeyId">Which key; may be the own one.</param>
/// <param name="Actor">Who deletes it.</param>
public sealed record DeleteKeyCommand(AuthenticatedCaller Caller, string KeyId, Actor Actor)
    : IRequest<KeyOutcome?>;

internal sealed class DeleteKeyHandler(KeyWriter keys)
    : IRequestHandler<DeleteKeyCommand, KeyOutcome?>
{
    public Task<KeyOutcome?> Handle(
        DeleteKeyCommand command,
        CancellationToken cancellationToken
    ) =>
        keys.ChangeAsync(
            command.Caller,
            command.Actor,
            (before, own, now) =>
            {
                if (!before.TryFind(command.KeyId, now, out var key))
                {
                    return (null, new KeyNotFound());
                }

                if (!own.Scopes.Cover(key.Scopes))
                {
                    return (null, new ExceedsCallerScope());
                }

                var after = before.Without(key, now);
                return key.Scopes.HasFlag(Scopes.Admin) && !after.KeepsAdminOf(before, now)
                    ? (null, new LastAdminKey())
                    : (after, new KeyDeleted(key));
            },
            cancellationToken
        );
}
