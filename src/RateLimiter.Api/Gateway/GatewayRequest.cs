using System.Globalization;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Gateway;

/// <summary>What a gateway asks, in headers. One that is empty counts as missing: proxies cannot always leave one out.</summary>
internal sealed class GatewayRequest
{
    public const string UserHeader = "X-RateLimit-User";
    public const string RouteHeader = "X-RateLimit-Route";
    public const string RoleHeader = "X-RateLimit-Role";
    public const string CostHeader = "X-RateLimit-Cost";

    /// <summary>The names under which proxies tell the method of the request that they ask about.</summary>
    public static readonly string[] MethodHeaders = ["X-Forwarded-Method", "X-Original-Method"];

    /// <summary>The names under which they tell its path.</summary>
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
    /// <param name="ownPath">The path that the gateway has put behind the door's; null when it has put none there.</param>
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

    /// <summary>What is wrong with the headers, by their names; null when nothing is.</summary>
    public Dictionary<string, string[]>? Errors { get; private set; }

    /// <summary>
    /// What to check. A path that no policy names counts as the catch-all's own route, and not as one of its own: under a
    /// catch-all each route has counters of its own, and paths without end would be counters without end.
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
            return CheckRequest.DefaultCost;
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

    // Of two that tell the same, one may be the end user's, and nothing says which.
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
