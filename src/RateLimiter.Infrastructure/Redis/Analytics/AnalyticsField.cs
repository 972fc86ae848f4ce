using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>The field of the series that a check is counted in.</summary>
internal static class AnalyticsField
{
    /// <summary>The series of all checks that are not distinguished.</summary>
    public const string Other = "other";

    private const char Own = 'p';
    private const char CatchAll = '*';

    public static string Of(string route, string role, bool isCatchAll) =>
        route.Length == 0 && !isCatchAll
            ? Other
            : $"{(isCatchAll ? CatchAll : Own)}{RedisKeys.PolicyField(new PolicyKey(route, role))}";

    /// <summary>Parses what <see cref="Of"/> writes; null for <see cref="Other"/>.</summary>
    public static (PolicyKey Asked, bool IsCatchAll)? Parse(string field) =>
        field[0] is Own or CatchAll
            ? (RedisKeys.ParsePolicyField(field[1..]), field[0] == CatchAll)
            : null;
}
