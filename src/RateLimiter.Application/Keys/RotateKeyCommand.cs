using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Replaces the caller's key by another with the same name, scopes and lifetime.</summary>
/// <param name="Caller">The authenticated caller.</param>
/// <param name="Grace">The grace period, for which the old key stays valid unless it expires earlier.</param>
/// <param name="Actor">The same caller, for the audit trail.</param>
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
                // Without a grace period the number of keys does not grow, even where the quota was lowered below it.
                return command.Grace > TimeSpan.Zero && after.Keys.Count > quotas.Value.MaxKeys
                    ? (null, new TooManyKeys(quotas.Value.MaxKeys))
                    : (after, new KeyMade(key, text, own));
            },
            cancellationToken
        );
    }
}
