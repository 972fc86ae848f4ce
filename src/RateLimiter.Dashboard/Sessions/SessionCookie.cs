using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Sessions;
using RateLimiter.Dashboard.SigningIn;

namespace RateLimiter.Dashboard.Sessions;

/// <summary>The session cookie, and the handling of requests with an invalid one.</summary>
internal sealed class SessionCookie(
    Authenticator authenticator,
    ISessions sessions,
    TimeProvider time
) : CookieAuthenticationEvents
{
    public const string Scheme = "dashboard";

    /// <summary>Makes the sign-in page show that the session has ended.</summary>
    public const string EndedQuery = "ended";

    /// <summary>The page to return to after signing in.</summary>
    public const string ReturnQuery = "return";

    private const string Name = "ratelimiter-session";
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    /// <summary>The maximum lifetime of a session, also of one in use.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(1);

    private static readonly object Ended = new();

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = Name;
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ExpireTimeSpan = Lifetime;
        options.SlidingExpiration = true;
        options.EventsType = typeof(SessionCookie);
    }

    /// <summary>
    /// The key may have been revoked or have expired, its client may have been deleted, and the session may have been signed
    /// out of: the cookie may be a copy.
    /// </summary>
    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var http = context.HttpContext;
        var key = SessionTicket.KeyOf(context.Principal!);
        var (caller, _) = await authenticator.AuthenticateAsync(key, http.RemoteAddress());
        if (
            caller is null
            || SessionTicket.IdOf(context.Principal!) is not { } id
            || !await sessions.IsOpenAsync(id, http.RequestAborted)
        )
        {
            if (caller is null)
            {
                http.Items[Ended] = true;
            }

            context.RejectPrincipal();
            await http.SignOutAsync(Scheme);
            return;
        }

        http.Features.Set(caller);
        context.ReplacePrincipal(
            SessionTicket.Complete(
                context.Principal!,
                http.RemoteAddress(),
                context.Properties.ExpiresUtc ?? time.GetUtcNow() + Lifetime
            )
        );
    }

    /// <summary>Without the host, which only the proxy in front of the service knows reliably.</summary>
    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        var request = context.Request;
        if (
            HttpMethods.IsGet(request.Method)
            && !request.Path.StartsWithSegments(DashboardPaths.Hub)
        )
        {
            context.Response.Redirect(
                SignInAddress(request, context.HttpContext.Items.ContainsKey(Ended))
            );
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }

        return Task.CompletedTask;
    }

    private static string SignInAddress(HttpRequest request, bool hasEnded)
    {
        var returnTo = request.PathBase + request.Path + request.QueryString;
        var query = new List<KeyValuePair<string, StringValues>> { new(ReturnQuery, returnTo) };
        if (hasEnded)
        {
            query.Add(new(EndedQuery, "true"));
        }

        return request.PathBase + SignIn.Path + QueryString.Create(query);
    }
}
