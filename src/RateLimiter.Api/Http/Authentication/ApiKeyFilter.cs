using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Http.Authentication;

/// <summary>
/// Lets in who holds a valid API key that is good for what is <see cref="RequiresScopeAttribute">required</see>, and
/// <see cref="AllowAnonymousAttribute">everybody</see> where that is said. Where neither is said, only admins.
/// A filter and not an authentication scheme: it costs a check no ticket, principal and claims.
/// </summary>
/// <remarks>
/// What is not <see cref="NotAdministrativeAttribute">a check</see> has a rate. Who comes with a wrong key does not use it
/// up: others may share the address.
/// </remarks>
internal sealed class ApiKeyFilter(Authenticator authenticator, AdministrativeRate administration)
    : IAsyncAuthorizationFilter
{
    public const string HeaderName = "X-API-Key";

    // What takes permits, gives them back or looks at them waits for the store as a check does, all in all.
    private const Scopes Counting = Scopes.Check | Scopes.UsageWrite;

    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        var http = context.HttpContext;
        var metadata = http.GetEndpoint()?.Metadata;
        var required = metadata?.GetMetadata<RequiresScopeAttribute>()?.Scopes;
        if (required is null && metadata?.GetMetadata<IAllowAnonymous>() is not null)
        {
            context.Result = RefuseTooMany(http, client: null);
            return;
        }

        var keys = http.Request.Headers[HeaderName];
        if (keys.Count == 0)
        {
            context.Result = ProblemResponse.Unauthorized(
                http,
                $"The header {HeaderName} is missing."
            );
            return;
        }

        var (caller, wait) = await authenticator.AuthenticateAsync(
            keys.Count == 1 ? keys[0] : null,
            http.RemoteAddress(),
            isForCheck: required is { } scopes && (scopes & Counting) != 0
        );
        if (caller is not null && RefuseTooMany(http, caller.Client.Id) is { } refusal)
        {
            context.Result = refusal;
            return;
        }

        if (caller?.Key.Scopes.Allow(required ?? Scopes.Admin) == true)
        {
            http.Features.Set(caller);
            return;
        }

        context.Result =
            caller is not null
                ? ProblemResponse.Forbidden(
                    http,
                    $"The API key does not have the scope {Names(required ?? Scopes.Admin)}."
                )
            : wait is not null
                ? ProblemResponse.TooMany(
                    http,
                    wait,
                    "Too many invalid API keys from this address."
                )
            : ProblemResponse.Unauthorized(
                http,
                $"The header {HeaderName} does not hold a valid API key."
            );
    }

    private ObjectResult? RefuseTooMany(HttpContext http, ClientId? client) =>
        http.GetEndpoint()?.Metadata.GetMetadata<NotAdministrativeAttribute>() is null
        && administration.Acquire(client, http.RemoteAddress()) is { } refused
            ? ProblemResponse.TooMany(http, refused.RetryAfter, refused.Reason)
            : null;

    private static string Names(Scopes scopes) => string.Join(" or ", scopes.ToNames());
}

internal static class Callers
{
    /// <summary>Who <see cref="ApiKeyFilter"/> let in.</summary>
    public static AuthenticatedCaller Caller(this HttpContext context) =>
        context.Features.GetRequiredFeature<AuthenticatedCaller>();

    /// <summary>The client of <see cref="Caller"/>.</summary>
    public static ClientSnapshot Client(this HttpContext context) => context.Caller().Client;

    /// <summary>Who asks, for the audit trail; with no key where none is needed.</summary>
    public static Actor Actor(this HttpContext context) =>
        new(
            context.Features.Get<AuthenticatedCaller>()?.Key.Id,
            context.RemoteAddress().ToString(),
            ApiProblemDetailsFactory.TraceIdOf(context)
        );

    /// <summary>The address that the request comes from. A connection over a Unix socket has none.</summary>
    public static IPAddress RemoteAddress(this HttpContext context) =>
        context.Connection.RemoteIpAddress ?? IPAddress.Loopback;
}
