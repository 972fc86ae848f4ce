using System.Net;
using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Configuration;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Registration;

/// <summary>Creates a client and its first API key.</summary>
/// <param name="Name">1 to 100 characters; need not be unique.</param>
/// <param name="Caller">The address of the caller: registrations are limited per network.</param>
/// <param name="Actor">The same caller, for the audit trail.</param>
/// <param name="Token">The registration token that the caller sent, if any.</param>
public sealed record RegisterClientCommand(
    string Name,
    IPAddress Caller,
    Actor Actor,
    string? Token = null
) : IRequest<RegistrationOutcome>;

/// <summary>
/// <see cref="ClientRegistered"/>, <see cref="TooManyRegistrations"/>, <see cref="RegistrationTokenRefused"/> or
/// <see cref="RegistrationClosed"/>.
/// </summary>
public abstract record RegistrationOutcome;

/// <param name="Client">The new client.</param>
/// <param name="ApiKey">The key's text, which is not stored.</param>
public sealed record ClientRegistered(ClientId Client, string ApiKey) : RegistrationOutcome;

/// <param name="RetryAfter">How long until the caller may register again; null for never.</param>
public sealed record TooManyRegistrations(TimeSpan? RetryAfter) : RegistrationOutcome;

/// <summary>A token is required, and the caller sent none or a wrong one.</summary>
public sealed record RegistrationTokenRefused : RegistrationOutcome;

/// <summary>Registration is closed.</summary>
public sealed record RegistrationClosed : RegistrationOutcome;

internal sealed class RegisterClientHandler(
    IClientRepository clients,
    ICounterStore counters,
    ClientDirectory directory,
    StoreRoom room,
    IOptions<RegistrationOptions> options,
    TimeProvider time
) : IRequestHandler<RegisterClientCommand, RegistrationOutcome>
{
    // The rate limiter limits registrations itself, for a client that cannot exist: ids are longer.
    private static readonly ClientId Registrations = new("registration");

    private readonly Policy policy = Policy.OfService(
        new WindowLimit(
            Limit.DefaultName,
            Algorithm.FixedWindow,
            options.Value.PermitLimit,
            TimeSpan.FromSeconds(options.Value.WindowSeconds)
        )
        {
            // The same on every instance, so that all of them share the counters.
            Epoch = $"{options.Value.WindowSeconds}",
        }
    );

    private readonly RegistrationMode mode = options.Value.Mode;
    private readonly ConfiguredToken token = new(options.Value.Token ?? "");

    public async Task<RegistrationOutcome> Handle(
        RegisterClientCommand command,
        CancellationToken cancellationToken
    )
    {
        if (mode == RegistrationMode.Closed)
        {
            return new RegistrationClosed();
        }

        room.Ensure();
        // Before the token is compared, so that guessing is limited too.
        var caller = new Subject(Registrations, CallerNetwork.Of(command.Caller), RouteKey: null);
        var decision =
            await counters.AcquireAsync(new CheckPlan(caller, policy, Cost: 1), cancellationToken)
            ?? throw new StoreUnavailableException("The store did not answer.");
        if (!decision.Allowed)
        {
            return new TooManyRegistrations(decision.RetryAfter);
        }

        if (mode == RegistrationMode.Token && !(command.Token is { } given && token.Is(given)))
        {
            return new RegistrationTokenRefused();
        }

        var id = ClientId.New();
        var (key, text) = ApiKey.Generate(id);
        var now = time.GetUtcNow();
        var client = new NewClient(
            id,
            command.Name,
            ClientKey.Create(key, ClientKey.FirstName, Scopes.Admin, now),
            now
        );
        var audit = new AuditRecord(
            AuditAction.ClientRegistered,
            now,
            command.Actor,
            Before: null,
            new AuditedClient(command.Name)
        );
        await clients.AddAsync(client, audit, cancellationToken);
        directory.Add(client.ToSnapshot());
        return new ClientRegistered(id, text);
    }
}
