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

    /// <summary>The beginning of a header that names a subject; <c>_</c> in its name is <c>-</c> here.</summary>
    public const string SubjectHeaderPrefix = "X-RateLimit-Subject-";

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

    /// <param name="context">The request.</param>
    /// <param name="ownPath">The path that the gateway appended to the endpoint's; null when it appended none.</param>
    /// <param name="policies">The client's policies.</param>
    public GatewayRequest(HttpContext context, string? ownPath, PolicyTable policies)
    {
        headers = context.Request.Headers;
        var user =
            ReadName(UserHeader, Names.MaxUserLength) ?? CallerNetwork.Of(context.RemoteAddress());
        var role = ReadName(RoleHeader, Names.MaxRoleLength) ?? PolicyKey.DefaultRole;
        var route = ReadName(RouteHeader, Names.MaxRouteLength);
        var cost = ReadCost();
        // A path that no policy names counts as the catch-all's own route, not as a route of its own: under a catch-all each
        // route has separate counters, and an unbounded set of paths would create an unbounded number of counters.
        route ??=
            CheckPlanner
                .FindPolicy(
                    policies,
                    ForwardedRoute.Of(
                        ReadOnlyOne(MethodHeaders, own: null) ?? context.Request.Method,
                        ReadOnlyOne(PathHeaders, ownPath) ?? "/"
                    ),
                    role
                )
                ?.Key.RouteKey
            ?? PolicyKey.CatchAllRoute;
        Check = new Check(user, route, role, cost)
        {
            Subjects = ReadSubjects(CheckPlanner.FindPolicy(policies, route, role)),
        };
    }

    /// <summary>The check; only when there are no errors.</summary>
    public Check Check { get; }

    /// <summary>The validation errors by header; null when there are none.</summary>
    public Dictionary<string, string[]>? Errors { get; private set; }

    /// <summary>The header that names a subject.</summary>
    public static string SubjectHeader(string name) =>
        SubjectHeaderPrefix
        + CultureInfo.InvariantCulture.TextInfo.ToTitleCase(name.Replace('_', '-'));

    // Only those that the policy's limits name: others may be the end user's.
    private SubjectValues? ReadSubjects(Policy? policy) =>
        policy is null or { Limits.AreOfUsers: true }
            ? null
            : SubjectValues.Of(
                from name in policy.Limits.Named
                let value = ReadName(SubjectHeader(name), SubjectValues.MaxValueLength)
                where value is not null
                select KeyValuePair.Create(name, value)
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
