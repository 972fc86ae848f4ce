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

    public Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        var http = context.HttpContext;
        if (http.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return Task.CompletedTask;
        }

        var keys = http.Request.Headers[HeaderName];
        if (keys.Count != 1)
        {
            Refuse(context, keys.Count);
            return Task.CompletedTask;
        }

        // A known key is found without waiting. The caller's end is not watched: that would cost more.
        var found = directory.AuthenticateAsync(keys[0], CancellationToken.None);
        if (!found.IsCompletedSuccessfully)
        {
            return LetInAsync(context, found);
        }

        LetIn(context, found.Result);
        return Task.CompletedTask;
    }

    private static async Task LetInAsync(
        AuthorizationFilterContext context,
        ValueTask<ClientSnapshot?> found
    ) => LetIn(context, await found);

    private static void LetIn(AuthorizationFilterContext context, ClientSnapshot? client)
    {
        if (client is null)
        {
            Refuse(context, keys: 1);
        }
        else
        {
            context.HttpContext.Features.Set(client);
        }
    }

    private static void Refuse(AuthorizationFilterContext context, int keys)
    {
        var http = context.HttpContext;
        http.Response.Headers.WWWAuthenticate = "ApiKey";
        context.Result = ProblemResponse.Create(
            http,
            StatusCodes.Status401Unauthorized,
            keys == 0
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
