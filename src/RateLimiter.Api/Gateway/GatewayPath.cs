using Microsoft.AspNetCore.Http.Features;

namespace RateLimiter.Api.Gateway;

/// <summary>
/// Keeps requests at the door whose path says so as it was sent. Behind it stands what the end user has sent to the gateway,
/// and with dot segments in there the server would take the request for one to another endpoint: <c>/../../health/live</c>
/// would always be let pass. A query that stands behind the slash is the end user's as well.
/// </summary>
internal static class GatewayPath
{
    public const string Door = "/gateway/check";

    private const string Kept = Door + "/kept";

    public static Task KeepAsync(HttpContext context, RequestDelegate next)
    {
        if (BehindDoor(context) is not null)
        {
            context.Request.Path = Kept;
        }

        return next(context);
    }

    /// <summary>What stands behind the door in the path as it was sent, from its slash on; null when nothing does.</summary>
    public static string? BehindDoor(HttpContext context)
    {
        var target = ForwardedRoute.WithoutAuthority(
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget
        );
        return
            target.Length > Door.Length
            && target[Door.Length] == '/'
            && target.StartsWith(Door, StringComparison.OrdinalIgnoreCase)
            ? target[Door.Length..].ToString()
            : null;
    }
}
