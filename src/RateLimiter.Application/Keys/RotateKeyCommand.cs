using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Replaces the key it is asked with by another of the same name, scopes and lifetime.</summary>
/// <param name="Holder">Who asks.</param>
/// <param name="Grace">How long the old key stays valid, unless it ends before.</param>
public sealed record RotateKeyCommand(KeyHolder Holder, TimeSpan Grace) : IRequest<KeyOutcome?>;

internal sealed class RotateKeyHandler(KeyRings keys, IOptions<QuotaOptions> quotas)
    : IRequestHandler<RotateKeyCommand, KeyOutcome?>
{
    public Task<KeyOutcome?> Handle(RotateKeyCommand command, CancellationToken cancellationToken)
    {
        var (client, own) = command.Holder;
        var (secret, text) = ApiKey.Generate(client.Id);
        return keys.ChangeAsync<KeyOutcome?>(
            client.Id,
            (before, now) =>
            {
                // As it is now: somebody else may have rotated it.
                if (!before.TryFind(own.Id, now, out var old))
                {
                    return (null, null);
                }

                var key = ClientKey.Create(secret, old.Name, old.Scopes, now, old.Lifetime);
                var after = before.Replace(old, key, command.Grace, now);
                return after.Keys.Count > quotas.Value.MaxKeys
                    ? (null, new TooManyKeys(quotas.Value.MaxKeys))
                    : (after, new KeyMade(key, text));
            },
            cancellationToken
        );
    }
}
