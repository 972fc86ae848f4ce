using Microsoft.AspNetCore.Http;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Dashboard.Formatting;

/// <summary>Addresses of pages with parameters, for links.</summary>
public static class Addresses
{
    /// <summary>
    /// The page of a user. In the query, because as a path segment some names would change: "..", or one with "%2F".
    /// </summary>
    public static string OfUser(string userId) => $"users{QueryString.Create("user", userId)}";

    /// <summary>The usage of a user, of other subjects, or of both, on one route or on all.</summary>
    public static string OfUsage(string? userId, SubjectValues? subjects, string? route) =>
        $"users{Query(userId, subjects, route)}";

    /// <summary>The page of the overrides, with the form of a block of a user.</summary>
    public static string OfBlock(string userId) =>
        $"overrides{QueryString.Create("block", userId)}";

    /// <summary>The log, with filters.</summary>
    public static string OfLogs(
        string? user = null,
        string? route = null,
        bool? allowed = null,
        SubjectValues? subjects = null
    )
    {
        var query = Query(user, subjects, route);
        query = allowed is null
            ? query
            : query.Add("verdict", allowed.Value ? "allowed" : "denied");
        return $"logs{query}";
    }

    private static QueryString Query(string? user, SubjectValues? subjects, string? route)
    {
        var query = user is null ? default : new QueryString().Add("user", user);
        query = SubjectText
            .Pairs(subjects)
            .Aggregate(query, (some, pair) => some.Add(SubjectText.Parameter, pair));
        return route is null ? query : query.Add("route", route);
    }
}
