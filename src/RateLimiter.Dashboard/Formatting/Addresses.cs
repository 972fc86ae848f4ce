using Microsoft.AspNetCore.Http;

namespace RateLimiter.Dashboard.Formatting;

/// <summary>Addresses of pages with parameters, for links.</summary>
public static class Addresses
{
    /// <summary>
    /// The page of a user. In the query, because as a path segment some names would change: "..", or one with "%2F".
    /// </summary>
    public static string OfUser(string userId) => $"users{QueryString.Create("user", userId)}";

    /// <summary>The same, for one route.</summary>
    public static string OfUser(string userId, string route) =>
        $"users{new QueryString().Add("user", userId).Add("route", route)}";

    /// <summary>The page of the overrides, with the form of a block of a user.</summary>
    public static string OfBlock(string userId) =>
        $"overrides{QueryString.Create("block", userId)}";

    /// <summary>The log, with filters.</summary>
    public static string OfLogs(string? user = null, string? route = null, bool? allowed = null)
    {
        var query = new QueryString();
        query = user is null ? query : query.Add("user", user);
        query = route is null ? query : query.Add("route", route);
        query = allowed is null
            ? query
            : query.Add("verdict", allowed.Value ? "allowed" : "denied");
        return $"logs{query}";
    }
}
