using MediatR;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Makes a key invalid for good.</summary>
/// <param name="Holder">Who asks.</param>
/// <param name="KeyId">Which key; may be the own one.</param>
public sealed record DeleteKeyCommand(KeyHolder Holder, string KeyId) : IRequest<KeyOutcome?>;

internal sealed class DeleteKeyHandler(KeyRings keys)
    : IRequestHandler<DeleteKeyCommand, KeyOutcome?>
{
    public Task<KeyOutcome?> Handle(DeleteKeyCommand command, CancellationToken cancellationToken)
    {
        var (client, own) = command.Holder;
        return keys.ChangeAsync<KeyOutcome>(
            client.Id,
            (before, now) =>
            {
                if (!before.TryFind(command.KeyId, now, out var key))
                {
                    return (null, new KeyNotFound());
                }

                if (!own.Scopes.Cover(key.Scopes))
                {
                    return (null, new KeyBeyondOwnScopes());
                }

                var after = before.Without(key, now);
                return after.HasAdmin(now) ? (after, new KeyDeleted()) : (null, new LastAdminKey());
            },
            cancellationToken
        );
    }
}
