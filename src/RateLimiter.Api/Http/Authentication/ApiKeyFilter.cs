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
/// Authenticates callers with a valid API key that has a scope which is <see cref="RequiresScopeAttribute">required</see>,
/// and accepts <see cref="AllowAnonymousAttribute">every caller</see> on actions that allow it. Actions with neither
/// attribute require the scope admin. A filter and not an authentication scheme: it saves a check the ticket, principal and
/// claims.
/// </summary>
/// <remarks>
/// Requests other than <see cref="NotAdministrativeAttribute">checks</see> have a rate limit. Requests with an invalid key
/// do not consume it: other callers may share the address.
/// </remarks>
internal sealed class ApiKeyFilter(Authenticator authenticator, AdministrativeRate administration)
    : IAsyncAuthorizationFilter
{
    public const string HeaderName = "X-API-Key";

    // Operations that acquire, refund or peek at permits wait for the store like a check does.
    private const Scopes Counting = Scopes.Check | Scopes.UsageWrite;

    /// <summary>What an endpoint requires that names no scope.</summary>
    private static readonly RequiresScopeAttribute Admin = new(Scopes.Admin);

    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        var http = context.HttpContext;
        var metadata = http.GetEndpoint()?.Metadata;
        var required = metadata?.GetMetadata<RequiresScopeAttribute>();
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
            isForCheck: required is not null && (required.Scopes & Counting) != 0
        );
        if (caller is not null && RefuseTooMany(http, caller.Client.Id) is { } refusal)
        {
            context.Result = refusal;
            return;
        }

        var missing = caller is null ? null : (required ?? Admin).MissingIn(caller.Key.Scopes);
        if (caller is not null && missing is null)
        {
            http.Features.Set(caller);
            return;
        }

        context.Result =
            missing is { } scopes ? ProblemResponse.Forbidden(http, KeyRefusal.ScopeMissing(scopes))
            : wait is not null ? ProblemResponse.TooMany(http, wait, KeyRefusal.TooManyInvalidKeys)
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
}

internal static class Callers
{
    /// <summary>The caller that <see cref="ApiKeyFilter"/> authenticated.</summary>
    public static AuthenticatedCaller Caller(this HttpContext context) =>
        context.Features.GetRequiredFeature<AuthenticatedCaller>();

    /// <summary>The client of <see cref="Caller"/>.</summary>
    public static ClientSnapshot Client(this HttpContext context) => context.Caller().Client;

    /// <summary>The actor for the audit trail; without a key where none is required.</summary>
    public static Actor Actor(this HttpContext context) =>
        new(
            context.Features.Get<AuthenticatedCaller>()?.Key.Id,
            context.RemoteAddress().ToString(),
            ApiProblemDetailsFactory.TraceIdOf(context)
        );

    /// <summary>The caller's address. A connection over a Unix socket has none.</summary>
    public static IPAddress RemoteAddress(this HttpContext context) =>
        context.Connection.RemoteIpAddress ?? IPAddress.Loopback;
}
