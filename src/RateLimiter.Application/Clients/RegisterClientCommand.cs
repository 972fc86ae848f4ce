using System.Net;
using MediatR;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Clients;

/// <summary>Makes a client and its first API key.</summary>
/// <param name="Name">1 to 100 characters; need not be unique.</param>
/// <param name="Caller">Who asks: registrations are limited per caller.</param>
public sealed record RegisterClientCommand(string Name, IPAddress Caller)
    : IRequest<RegistrationOutcome>;

/// <summary><see cref="ClientRegistered"/> or <see cref="TooManyRegistrations"/>.</summary>
public abstract record RegistrationOutcome;

/// <param name="Client">The new client.</param>
/// <param name="ApiKey">The key's text, which is kept nowhere.</param>
public sealed record ClientRegistered(ClientId Client, string ApiKey) : RegistrationOutcome;

/// <param name="RetryAfter">When the caller may register again; null when never.</param>
public sealed record TooManyRegistrations(TimeSpan? RetryAfter) : RegistrationOutcome;

internal sealed class RegisterClientHandler(
    IClientRepository clients,
    ICounterStore counters,
    ClientDirectory directory,
    IOptions<RegistrationOptions> options,
    TimeProvider time
) : IRequestHandler<RegisterClientCommand, RegistrationOutcome>
{
    // Registrations are limited by the limiter itself, under a client that no id can name: ids are longer.
    private static readonly ClientId Registrations = new("registration");

    private readonly Policy policy = Policy.OfService(
        new Limit(
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

    public async Task<RegistrationOutcome> Handle(
        RegisterClientCommand command,
        CancellationToken cancellationToken
    )
    {
        var caller = new Subject(Registrations, CallerNetwork.Of(command.Caller), RouteKey: null);
        var decision =
            await counters.TakeAsync(new PermitRequest(caller, policy, Cost: 1), cancellationToken)
            ?? throw new StoreUnavailableException("The store did not answer.");
        if (!decision.Allowed)
        {
            return new TooManyRegistrations(decision.RetryAfter);
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
        await clients.AddAsync(client, cancellationToken);
        directory.Learn(client.ToSnapshot());
        return new ClientRegistered(id, text);
    }
}
