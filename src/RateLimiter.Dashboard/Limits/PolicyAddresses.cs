using Microsoft.AspNetCore.Http;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>Addresses of the pages of a policy. Names can hold any character, so that they are in the query.</summary>
public static class PolicyAddresses
{
    public const string List = "policies";

    public const string New = "policies/new";

    public static string Edit(PolicyKey key) => $"policies/edit{Query(key)}";

    public static string History(PolicyKey key) => $"policies/history{Query(key)}";

    private static QueryString Query(PolicyKey key) =>
        new QueryString().Add("route", key.RouteKey).Add("role", key.Role);
}
