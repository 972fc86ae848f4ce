using System.Security.Cryptography;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Sessions;
using RateLimiter.Application.Stores;
using RateLimiter.Dashboard.Sessions;

namespace RateLimiter.Dashboard.SigningIn;

/// <summary>Signing in and out: pages without a script, and forms with an antiforgery token.</summary>
internal static class SignIn
{
    public const string Path = "/sign-in";
    public const string OutPath = "/sign-out";

    /// <summary>Makes the sign-in page show that the caller has signed out.</summary>
    private const string OutQuery = "out";

    // 128 bits.
    private const int IdLength = 32;

    private const string FormIsOld = "The form was out of date. Try again.";

    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Path, Show);
        endpoints.MapPost(Path, SignInAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());
        endpoints
            .MapPost(OutPath, SignOutAsync)
            .WithMetadata(new RequireAntiforgeryTokenAttribute());
    }

    private static IResult Show(
        HttpContext http,
        [FromQuery(Name = SessionCookie.ReturnQuery)] string? returnTo,
        [FromQuery(Name = SessionCookie.EndedQuery)] string? ended,
        [FromQuery(Name = OutQuery)] string? signedOut
    )
    {
        if (http.User.Identity?.IsAuthenticated == true)
        {
            return new Redirection(Safe(http, returnTo));
        }

        var message = ended is null
            ? null
            : "You have been signed out: your API key is no longer valid.";
        return Page(http, StatusCodes.Status200OK, returnTo, message, signedOut is not null);
    }

    private static async Task<IResult> SignInAsync(
        HttpContext http,
        Authenticator authenticator,
        AdministrativeRate administration,
        ISessions sessions
    )
    {
        if (IsForged(http))
        {
            return Page(http, StatusCodes.Status400BadRequest, returnTo: null, FormIsOld);
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var text = form["key"].ToString().Trim();
        var returnTo = form[SessionCookie.ReturnQuery].ToString();
        try
        {
            var (caller, wait) = await authenticator.AuthenticateAsync(text, http.RemoteAddress());
            if (
                caller is not null
                && administration.Acquire(caller.Client.Id, http.RemoteAddress()) is { } refused
            )
            {
                http.Response.SetRetryAfter(refused.RetryAfter);
                return Page(
                    http,
                    StatusCodes.Status429TooManyRequests,
                    returnTo,
                    $"{refused.Reason} Try again in a moment."
                );
            }

            if (caller is not null)
            {
                var id = RandomNumberGenerator.GetHexString(IdLength);
                await sessions.OpenAsync(id, SessionCookie.MaxLifetime, http.RequestAborted);
                await http.SignInAsync(SessionCookie.Scheme, SessionTicket.Write(id, text, caller));
                return new Redirection(Safe(http, returnTo));
            }

            if (wait is { } time)
            {
                http.Response.SetRetryAfter(time);
                return Page(
                    http,
                    StatusCodes.Status429TooManyRequests,
                    returnTo,
                    "Too many invalid API keys came from your address. "
                        + $"Try again in {Math.Ceiling(time.TotalSeconds)} seconds."
                );
            }
        }
        catch (StoreUnavailableException)
        {
            http.Response.SetRetryAfter(StoreFallback.RetryAfter);
            return Page(
                http,
                StatusCodes.Status503ServiceUnavailable,
                returnTo,
                "The store of this service does not answer, so that your key cannot be verified. "
                    + "Try again in a moment."
            );
        }

        return Page(
            http,
            StatusCodes.Status401Unauthorized,
            returnTo,
            text is ""
                ? "Enter your API key."
                : "This is not a valid API key. It may have expired, or have been deleted."
        );
    }

    private static async Task<IResult> SignOutAsync(HttpContext http, ISessions sessions)
    {
        if (IsForged(http))
        {
            return Page(http, StatusCodes.Status400BadRequest, returnTo: null, FormIsOld);
        }

        if (SessionTicket.IdOf(http.User) is { } id)
        {
            // First, so that a confirmed sign-out has taken effect.
            await sessions.EndAsync(id, http.RequestAborted);
        }

        await http.SignOutAsync(SessionCookie.Scheme);
        return new Redirection($"{http.Request.PathBase}{Path}?{OutQuery}=true");
    }

    /// <summary>Whether the form lacks the antiforgery token that this browser received with it.</summary>
    private static bool IsForged(HttpContext http) =>
        http.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: true };

    private static RazorComponentResult<SignInPage> Page(
        HttpContext http,
        int status,
        string? returnTo,
        string? message,
        bool isSignedOut = false
    ) =>
        new(
            new Dictionary<string, object?>
            {
                [nameof(SignInPage.ReturnTo)] = Safe(http, returnTo),
                [nameof(SignInPage.Message)] = message,
                [nameof(SignInPage.IsSignedOut)] = isSignedOut,
            }
        )
        {
            StatusCode = status,
        };

    /// <summary>A page of the dashboard, whatever the parameter holds: no open redirect.</summary>
    internal static string Safe(HttpContext http, string? returnTo)
    {
        var dashboard = $"{http.Request.PathBase}/";
        return
            returnTo?.StartsWith(dashboard, StringComparison.Ordinal) == true
            && !returnTo.Contains('\\', StringComparison.Ordinal)
            && returnTo.All(letter => letter is > ' ' and <= '~')
            ? returnTo
            : dashboard;
    }

    /// <summary>
    /// 303: the next request is a GET, whatever the method was. To an address that the caller cannot choose.
    /// </summary>
    private sealed class Redirection(string address) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = address;
            return Task.CompletedTask;
        }
    }
}
