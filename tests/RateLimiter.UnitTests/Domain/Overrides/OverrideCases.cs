using RateLimiter.Domain.Overrides;

namespace RateLimiter.UnitTests.Domain.Overrides;

/// <summary>Overrides for tests.</summary>
internal static class OverrideCases
{
    public static OverrideDefinition Definition(
        string match = "alice",
        OverrideEffect effect = OverrideEffect.Blocked,
        string subject = "user_id",
        string? route = null,
        string? role = null,
        OverrideMatchType? type = null,
        DateTimeOffset? expiresAt = null,
        string? reason = null,
        params (string Name, long Permits)[] limits
    ) =>
        new(
            subject,
            match,
            type ?? OverrideMatch.TypeOf(match),
            route,
            role,
            effect,
            limits is [] ? null : limits.ToDictionary(it => it.Name, it => it.Permits),
            expiresAt,
            reason
        );

    /// <summary>The change of limits, by default of the one that a policy in the short form has.</summary>
    public static OverrideDefinition Limits(
        string match = "alice",
        string subject = "user_id",
        params (string Name, long Permits)[] limits
    ) =>
        Definition(
            match,
            OverrideEffect.Limits,
            subject,
            limits: limits is [] ? [("default", 5)] : limits
        );

    /// <param name="definition">What it says.</param>
    /// <param name="id">Its id, which tests may shorten.</param>
    /// <param name="age">How many seconds it is older than the newest possible.</param>
    /// <param name="version">Its version.</param>
    public static Override Of(
        OverrideDefinition definition,
        string id = "a",
        int age = 0,
        long version = 1
    )
    {
        var at = TestData.Moment.AddSeconds(-age);
        return new Override(id, definition, version, at, at, UpdatedBy: null);
    }
}
