using FluentValidation;
using RateLimiter.Application.Validation;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>The rules of what a caller says about a key.</summary>
public static class KeyRules
{
    /// <summary>The longest lifetime: ten years.</summary>
    public const long MaxLifetimeSeconds = 315_360_000;

    /// <summary>The longest grace period: 30 days.</summary>
    public const long MaxGraceSeconds = 2_592_000;

    /// <summary>The purpose of a key.</summary>
    public static void IsKeyName<T>(this IRuleBuilder<T, string?> rule) =>
        rule.IsName(Names.MaxKeyNameLength);

    /// <summary>The names of at least one scope; null for the default.</summary>
    public static void AreScopes<T>(this IRuleBuilder<T, IReadOnlyList<string?>?> rule) =>
        rule.Follows(scopes =>
            scopes is null || (scopes.Count > 0 && ScopeRules.TryParse(scopes, out _))
                ? null
                : $"must hold at least one of {string.Join(", ", ScopeRules.Names)}, and nothing else"
        );

    /// <summary>A lifetime in seconds; null for an unlimited one.</summary>
    public static void IsLifetime<T>(this IRuleBuilder<T, long?> rule) =>
        rule.IsBetweenOrNull(1, MaxLifetimeSeconds);

    /// <summary>A grace period in seconds.</summary>
    public static void IsGracePeriod<T>(this IRuleBuilder<T, long> rule) =>
        rule.Follows(GracePeriodProblem);

    /// <summary>Describes what is wrong with a grace period in seconds; null when it is valid.</summary>
    public static string? GracePeriodProblem(long seconds) =>
        FieldRules.RangeProblem(seconds, 0, MaxGraceSeconds);
}
