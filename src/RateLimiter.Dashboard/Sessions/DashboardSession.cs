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

namespace RateLimiter.Dashboard.Sessions;

/// <summary>
/// The signed-in caller, and the access to the use cases: pages send requests only through <c>SendAsync</c>. The key and the
/// session are verified before every request, so that revoking the key, or signing out anywhere, ends the session with its
/// next action.
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
    /// <summary>The signed-in caller; null when the session has ended.</summary>
    /// <exception cref="StoreUnavailableException">The key is not cached here and the store does not answer.</exception>
    public async Task<AuthenticatedCaller?> FindCallerAsync() =>
        await FindTicketAsync() is { } ticket ? await FindCallerAsync(ticket) : null;

    /// <summary>
    /// Sends a request for the signed-in caller. The reply holds any failure, for <c>Loaded</c> or <c>ErrorState</c> to
    /// show; when the session has ended, the browser is redirected to the sign-in page.
    /// </summary>
    /// <param name="wanted">The scopes of which the key must have at least one.</param>
    /// <param name="request">Creates the request for the signed-in client and key.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public Task<Reply<T>> SendAsync<T>(
        Scopes wanted,
        Func<AuthenticatedCaller, IRequest<T>> request,
        CancellationToken cancellationToken = default
    ) => SendAsync(wanted, (caller, _) => request(caller), cancellationToken);

    /// <summary>As the other overload, for a change, whose request names the actor.</summary>
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

    /// <summary>
    /// Verifies the session again, for long operations. When it has ended, the browser is redirected to the sign-in page.
    /// </summary>
    /// <returns>Whether the session is still valid.</returns>
    /// <exception cref="StoreUnavailableException">The key is not cached here and the store does not answer.</exception>
    public async Task<bool> VerifyAsync()
    {
        if (await FindCallerAsync() is not null)
        {
            return true;
        }

        End();
        return false;
    }

    // The server redirects the reloaded page to the sign-in page, and shows why.
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
