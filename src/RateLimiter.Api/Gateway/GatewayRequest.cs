using System.Globalization;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Gateway;

/// <summary>A gateway's check, in headers. An empty header counts as missing: proxies cannot always omit one.</summary>
internal sealed class GatewayRequest
{
    public const string UserHeader = "X-RateLimit-User";
    public const string RouteHeader = "X-RateLimit-Route";
    public const string RoleHeader = "X-RateLimit-Role";
    public const string CostHeader = "X-RateLimit-Cost";

    /// <summary>The headers in which proxies send the method of the forwarded request.</summary>
    public static readonly string[] MethodHeaders = ["X-Forwarded-Method", "X-Original-Method"];

    /// <summary>The headers in which they send its path.</summary>
    public static readonly string[] PathHeaders =
    [
        "X-Forwarded-Uri",
        "X-Original-URI",
        "X-Original-URL",
    ];

    private readonly IHeaderDictionary headers;
    private readonly string user;
    private readonly string role;
    private readonly string? route;
    private readonly string forwarded = "";
    private readonly long cost;

    /// <param name="context">The request.</param>
    /// <param name="ownPath">The path that the gateway appended to the endpoint's; null when it appended none.</param>
    public GatewayRequest(HttpContext context, string? ownPath)
    {
        headers = context.Request.Headers;
        user =
            ReadName(UserHeader, Names.MaxUserLength) ?? CallerNetwork.Of(context.RemoteAddress());
        role = ReadName(RoleHeader, Names.MaxRoleLength) ?? PolicyKey.DefaultRole;
        route = ReadName(RouteHeader, Names.MaxRouteLength);
        cost = ReadCost();
        if (route is null)
        {
            forwarded = ForwardedRoute.Of(
                ReadOnlyOne(MethodHeaders, own: null) ?? context.Request.Method,
                ReadOnlyOne(PathHeaders, ownPath) ?? "/"
            );
        }
    }

    /// <summary>The validation errors by header; null when there are none.</summary>
    public Dictionary<string, string[]>? Errors { get; private set; }

    /// <summary>
    /// The check. A path that no policy names counts as the catch-all's own route, not as a route of its own: under a
    /// catch-all each route has separate counters, and an unbounded set of paths would create an unbounded number of
    /// counters.
    /// </summary>
    public Check ToCheck(PolicyTable policies) =>
        new(
            user,
            route
                ?? CheckPlanner.FindPolicy(policies, forwarded, role)?.Key.RouteKey
                ?? PolicyKey.CatchAllRoute,
            role,
            cost
        );

    private string? ReadName(string header, int maxLength)
    {
        var name = Read(header);
        if (name is not null && Names.Problem(name, maxLength) is { } problem)
        {
            Fail(header, problem);
        }

        return name;
    }

    private long ReadCost()
    {
        if (Read(CostHeader) is not { } text)
        {
            return CheckRules.DefaultCost;
        }

        if (
            !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var permits)
            || permits > Limit.MaxPermits
        )
        {
            Fail(CostHeader, $"must be a whole number from 0 to {Limit.MaxPermits}");
        }

        return permits;
    }

    // Of two headers for the same value, one may come from the end user, and it cannot be determined which.
    private string? ReadOnlyOne(string[] names, string? own)
    {
        var found = own;
        string? source = null;
        foreach (var name in names)
        {
            if (Read(name) is not { } value)
            {
                continue;
            }

            if (found is not null)
            {
                Fail(name, $"must not be given together with {source ?? "a path of its own"}");
            }

            (found, source) = (value, name);
        }

        return found;
    }

    private string? Read(string header)
    {
        var values = headers[header];
        if (values.Count > 1)
        {
            Fail(header, "must be given only once");
            return null;
        }

        return values is [{ Length: > 0 } value] ? value : null;
    }

    private void Fail(string header, string problem) => (Errors ??= [])[header] = [problem];
}
