using Microsoft.AspNetCore.Http.Features;

namespace RateLimiter.Api.Gateway;

/// <summary>
/// Routes a request to the forward authentication endpoint whenever its path, as sent, starts with it. The rest of the path
/// is what the end user sent to the gateway, and with dot segments in it the server would route the request to another
/// endpoint: <c>/../../health/live</c> would always pass. A query after the slash belongs to the end user as well.
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

    /// <summary>
    /// The rest of the path as sent, after the endpoint's own path and from the slash on; null when there is none.
    /// </summary>
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
