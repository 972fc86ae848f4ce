using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Replaces the key it is asked with by another of the same name, scopes and lifetime.</summary>
/// <param name="Caller">Who asks.</param>
/// <param name="Grace">How long the old key stays valid, unless it ends before.</param>
/// <param name="Actor">Who replaces it.</param>
public sealed record RotateKeyCommand(AuthenticatedCaller Caller, TimeSpan Grace, Actor Actor)
    : IRequest<KeyOutcome?>;

internal sealed class RotateKeyHandler(KeyWriter keys, IOptions<QuotaOptions> quotas)
    : IRequestHandler<RotateKeyCommand, KeyOutcome?>
{
    public Task<KeyOutcome?> Handle(RotateKeyCommand command, CancellationToken cancellationToken)
    {
        var (secret, text) = ApiKey.Generate(command.Caller.Client.Id);
        return keys.ChangeAsync(
            command.Caller,
            command.Actor,
            (before, own, now) =>
            {
                if (own.IsReplaced)
                {
                    return (null, new KeyReplaced());
                }

                var key = ClientKey.Create(secret, own.Name, own.Scopes, now, own.Lifetime);
                var after = before.Replace(own, key, command.Grace, now);
                // One for one is no more than before, also where the quota is less than that by now.
                return command.Grace > TimeSpan.Zero && after.Keys.Count > quotas.Value.MaxKeys
                    ? (null, new TooManyKeys(quotas.Value.MaxKeys))
                    : (after, new KeyMade(key, text, own));
            },
            cancellationToken
        );
    }
}
