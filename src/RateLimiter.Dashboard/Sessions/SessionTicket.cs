using System.Globalization;
using System.Net;
using System.Security.Claims;
using RateLimiter.Application.Clients;

namespace RateLimiter.Dashboard.Sessions;

/// <summary>The content of a session: the key of the sign-in, which is verified again for each request.</summary>
/// <param name="Id">The id of the session.</param>
/// <param name="Key">The API key as it was entered.</param>
/// <param name="Caller">The address of the request or connection.</param>
/// <param name="EndsAt">When the session ends without another request.</param>
internal sealed record SessionTicket(string Id, string Key, IPAddress Caller, DateTimeOffset EndsAt)
{
    private const string IdClaim = "session";
    private const string KeyClaim = "key";
    private const string CallerClaim = "caller";
    private const string EndClaim = "end";

    /// <summary>The claims that are encrypted into the cookie.</summary>
    public static ClaimsPrincipal Write(string id, string key, AuthenticatedCaller caller) =>
        new(
            new ClaimsIdentity(
                [
                    // Antiforgery tokens are bound to it.
                    new Claim(ClaimTypes.NameIdentifier, $"{caller.Client.Id} {caller.Key.Id}"),
                    new Claim(IdClaim, id),
                    new Claim(KeyClaim, key),
                ],
                SessionCookie.Scheme
            )
        );

    /// <summary>The same with the data of the request that carries the cookie.</summary>
    public static ClaimsPrincipal Complete(
        ClaimsPrincipal written,
        IPAddress caller,
        DateTimeOffset endsAt
    ) =>
        new([
            .. written.Identities,
            new ClaimsIdentity([
                new Claim(CallerClaim, caller.ToString()),
                new Claim(EndClaim, endsAt.ToString("O", CultureInfo.InvariantCulture)),
            ]),
        ]);

    /// <summary>The id of the session in a cookie; null in a cookie of an earlier version.</summary>
    public static string? IdOf(ClaimsPrincipal principal) => principal.FindFirstValue(IdClaim);

    /// <summary>The API key in a cookie, without what <see cref="Complete"/> adds.</summary>
    public static string? KeyOf(ClaimsPrincipal principal) => principal.FindFirstValue(KeyClaim);

    /// <summary>Null when no caller is signed in.</summary>
    public static SessionTicket? Read(ClaimsPrincipal principal) =>
        IdOf(principal) is { } id
        && KeyOf(principal) is { } key
        && IPAddress.TryParse(principal.FindFirstValue(CallerClaim), out var caller)
        && DateTimeOffset.TryParse(
            principal.FindFirstValue(EndClaim),
            CultureInfo.InvariantCulture,
            out var endsAt
        )
            ? new SessionTicket(id, key, caller, endsAt)
            : null;
}
