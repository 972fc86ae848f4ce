using Microsoft.AspNetCore.Http.Features;

namespace RateLimiter.Api.Gateway;

/// <summary>
/// Keeps requests at the door whose path says so as it was sent. Behind it stands what the end user has sent to the gateway,
/// and with dot segments in there the server would take the request for one to another endpoint: <c>/../../health/live</c>
/// would always be let pass. A query that stands behind the slash is the end user's as well.
/// </summary>
internal static class GatewayPath
{
    public const string Path = "/gateway/check";

    private const string Kept = Path + "/kept";

    public static Task KeepAsync(HttpContext context, RequestDelegate next)
    {
        if (ForwardedPath(context) is not null)
        {
            context.Request.Path = Kept;
        }

        return next(context);
    }

    /// <summary>What stands behind the door in the path as it was sent, from its slash on; null when nothing does.</summary>
    public static string? ForwardedPath(HttpContext context)
    {
        var target = ForwardedRoute.WithoutAuthority(
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget
        );
        return
            target.Length > Path.Length
            && target[Path.Length] == '/'
            && target.StartsWith(Path, StringComparison.OrdinalIgnoreCase)
            ? target[Path.Length..].ToString()
            : null;
    }
}
