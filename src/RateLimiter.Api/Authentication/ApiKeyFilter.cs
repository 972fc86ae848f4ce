using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Filters;
using RateLimiter.Api.Errors;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Api.Authentication;

/// <summary>
/// Lets in who holds a valid API key, and <see cref="AllowAnonymousAttribute">everybody</see> where that is said.
/// A filter and not an authentication scheme: it costs a check no ticket, principal and claims.
/// </summary>
internal sealed class ApiKeyFilter(ClientDirectory directory) : IAsyncAuthorizationFilter
{
    public const string HeaderName = "X-API-Key";

    public async Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        var http = context.HttpContext;
        if (http.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return;
        }

        var keys = http.Request.Headers[HeaderName];
        // The caller's end is not watched: that would cost more than finding his key.
        var client =
            keys.Count == 1
                ? await directory.AuthenticateAsync(keys[0], CancellationToken.None)
                : null;
        if (client is not null)
        {
            http.Features.Set(client);
            return;
        }

        http.Response.Headers.WWWAuthenticate = "ApiKey";
        context.Result = ProblemResponse.Create(
            http,
            StatusCodes.Status401Unauthorized,
            keys.Count == 0
                ? $"The header {HeaderName} is missing."
                : $"The header {HeaderName} does not hold a valid API key."
        );
    }
}

internal static class AuthenticatedClient
{
    /// <summary>The client that <see cref="ApiKeyFilter"/> let in.</summary>
    public static ClientSnapshot Client(this HttpContext context) =>
        context.Features.GetRequiredFeature<ClientSnapshot>();
}
