using MediatR;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Sessions;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Dashboard.Sessions;

/// <summary>
/// Who is signed in, and the way to the use cases: pages send through <c>SendAsync</c> and know nothing else. The
/// key and the session are verified before every request, so that a revoked key, or signing out anywhere, ends it with the next
/// thing that its holder does.
/// </summary>
public sealed class DashboardSession(
    AuthenticationStateProvider states,
    Authenticator authenticator,
    ISessions sessions,
    AdministrativeRate administration,
    IMediator mediator,
    NavigationManager navigation,
    TimeProvider time
)
{
    /// <summary>Who is signed in; null when the session is over.</summary>
    /// <exception cref="StoreUnavailableException">It is not known here and the store does not answer.</exception>
    public async Task<AuthenticatedCaller?> FindCallerAsync() =>
        await FindTicketAsync() is { } ticket ? await FindCallerAsync(ticket) : null;

    /// <summary>
    /// Sends a request for whoever is signed in. What hinders it is in the reply, for <c>Loaded</c> or <c>ErrorState</c> to
    /// show; when the session is over, the browser goes to the sign-in page.
    /// </summary>
    /// <param name="wanted">What the key must be good for: any of these scopes.</param>
    /// <param name="request">Makes the request for the client and key that are signed in.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Reply<T>> SendAsync<T>(
        Scopes wanted,
        Func<AuthenticatedCaller, IRequest<T>> request,
        CancellationToken cancellationToken = default
    ) => SendAsync(wanted, (caller, _) => request(caller), cancellationToken);

    /// <summary>As the other, for a change, whose request says who makes it.</summary>
    public async Task<Reply<T>> SendAsync<T>(
        Scopes wanted,
        Func<AuthenticatedCaller, Actor, IRequest<T>> request,
        CancellationToken cancellationToken = default
    )
    {
        try
        {
            if (
                await FindTicketAsync() is not { } ticket
                || await FindCallerAsync(ticket) is not { } caller
            )
            {
                End();
                return Failure.SessionEnded;
            }

            if (!caller.Key.Scopes.Allow(wanted))
            {
                return Failure.ScopeMissing(wanted);
            }

            if (administration.Acquire(caller.Client.Id, ticket.Caller) is { } refused)
            {
                return Failure.TooMany(refused);
            }

            var actor = new Actor(
                caller.Key.Id,
                ticket.Caller.ToString(),
                Guid.NewGuid().ToString("N")
            );
            return await mediator.Send(request(caller, actor), cancellationToken);
        }
        catch (StoreFullException)
        {
            return Failure.StoreFull;
        }
        catch (StoreUnavailableException)
        {
            return Failure.StoreUnavailable;
        }
    }

    /// <summary>Looks again, for what goes on for long. When the session is over, the browser goes to the sign-in page.</summary>
    /// <returns>Whether it is not.</returns>
    /// <exception cref="StoreUnavailableException">It is not known here and the store does not answer.</exception>
    public async Task<bool> VerifyAsync()
    {
        if (await FindCallerAsync() is not null)
        {
            return true;
        }

        End();
        return false;
    }

    // The server sends whoever asks for the page again to the sign-in page, and says why.
    private void End() => navigation.NavigateTo(navigation.Uri, forceLoad: true);

    private async Task<AuthenticatedCaller?> FindCallerAsync(SessionTicket ticket) =>
        await sessions.IsOpenAsync(ticket.Id, CancellationToken.None)
            ? (await authenticator.AuthenticateAsync(ticket.Key, ticket.Caller)).Caller
            : null;

    private async Task<SessionTicket?> FindTicketAsync()
    {
        var state = await states.GetAuthenticationStateAsync();
        return SessionTicket.Read(state.User) is { } ticket && time.GetUtcNow() < ticket.EndsAt
            ? ticket
            : null;
    }
}
