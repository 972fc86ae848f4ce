using MediatR;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Deletes a key, which makes it invalid permanently.</summary>
/// <param name="Caller">The authenticated caller.</param>
/// <param name="KeyId">The key to delete, which may be the caller's own.</param>
/// <param name="Actor">The same caller, for the audit trail.</param>
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
