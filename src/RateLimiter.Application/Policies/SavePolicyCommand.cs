using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Makes a policy, or replaces the one that is there for the same route and role.</summary>
public sealed record SavePolicyCommand(ClientId Client, PolicyDefinition Definition)
    : IRequest<SavePolicyOutcome>;

/// <summary><see cref="PolicySaved"/>, or why not.</summary>
public abstract record SavePolicyOutcome;

public sealed record PolicySaved(Policy Policy) : SavePolicyOutcome;

/// <param name="Max">So many policies a client can have.</param>
public sealed record TooManyPolicies(int Max) : SavePolicyOutcome;

/// <param name="MaxBytes">So much all policies of a client can take up.</param>
public sealed record PoliciesTooLarge(long MaxBytes) : SavePolicyOutcome;

/// <param name="MaxSeconds">So long the window of a limit can be.</param>
public sealed record WindowTooLong(int MaxSeconds) : SavePolicyOutcome;

/// <summary>The client was deleted in the meantime.</summary>
public sealed record NoSuchClient : SavePolicyOutcome;

internal sealed class SavePolicyHandler(
    IPolicyRepository policies,
    ClientDirectory directory,
    IOptions<QuotaOptions> quotas,
    TimeProvider time
) : IRequestHandler<SavePolicyCommand, SavePolicyOutcome>
{
    public async Task<SavePolicyOutcome> Handle(
        SavePolicyCommand command,
        CancellationToken cancellationToken
    )
    {
        var (maxPolicies, maxWindow) = (quotas.Value.MaxPolicies, quotas.Value.MaxWindowSeconds);
        if (command.Definition.Limits.Any(limit => limit.Window.TotalSeconds > maxWindow))
        {
            return new WindowTooLong(maxWindow);
        }

        try
        {
            while (true)
            {
                var now = time.GetUtcNow();
                var policy = await policies.FindAsync(
                    command.Client,
                    command.Definition.Key,
                    cancellationToken
                )
                    is { } earlier
                    ? earlier.Revise(command.Definition, now)
                    : Policy.Create(command.Definition, now);

                switch (
                    await policies.TrySaveAsync(
                        command.Client,
                        policy,
                        maxPolicies,
                        quotas.Value.MaxPolicyBytes,
                        cancellationToken
                    )
                )
                {
                    case PolicySave.Saved:
                        return new PolicySaved(policy);
                    case PolicySave.NoRoom:
                        return new TooManyPolicies(maxPolicies);
                    case PolicySave.TooLarge:
                        return new PoliciesTooLarge(quotas.Value.MaxPolicyBytes);
                    case PolicySave.NoClient:
                        return new NoSuchClient();
                }

                // Somebody else saved the same policy in between: build on what he saved.
            }
        }
        finally
        {
            // Also after a failure: a save without an answer may have been a save.
            directory.Doubt(command.Client);
        }
    }
}
