using FluentValidation;
using RateLimiter.Application.Validation;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>
/// The rules of what a caller says about policies. Those of one limit are in <see cref="LimitFieldsValidator"/>.
/// </summary>
public static class PolicyRules
{
    /// <summary>The greatest version number: the greatest integer that stores represent exactly.</summary>
    public const long MaxVersion = (1L << 53) - 1;

    /// <summary><see cref="MaxVersion"/> as text, for attributes.</summary>
    public const string MaxVersionText = "9007199254740991";

    /// <summary>The most policies of a document.</summary>
    public const int MaxDocumentPolicies = 100_000;

    /// <summary>The error of each policy beyond <see cref="MaxDocumentPolicies"/>.</summary>
    public static readonly string BeyondDocument =
        $"is beyond the {MaxDocumentPolicies} that a document can hold";

    /// <summary>The error of a list of limits beside the fields of a single limit.</summary>
    public const string SingleBesideList = "must not be given beside the fields of a single limit";

    /// <summary>The route of a policy.</summary>
    public static void IsRoute<T>(this IRuleBuilder<T, string?> rule) =>
        rule.IsName(Names.MaxRouteLength);

    /// <summary>The role of a policy; null for the default role.</summary>
    public static void IsRole<T>(this IRuleBuilder<T, string?> rule) =>
        rule.IsNameOrNull(Names.MaxRoleLength);

    /// <summary>The description of a policy, or null.</summary>
    public static void IsDescription<T>(this IRuleBuilder<T, string?> rule) =>
        rule.IsText(Names.MaxDescriptionLength);

    /// <summary>The version of a policy.</summary>
    public static void IsVersion<T>(this IRuleBuilder<T, long?> rule) =>
        rule.IsBetween(1, MaxVersion);

    /// <summary>Describes what is wrong with a list of limits as a whole; null when nothing is.</summary>
    public static string? LimitsProblem(IReadOnlyList<LimitFields?> limits) =>
        limits.Count is < 1 or > PolicyDefinition.MaxLimits
            ? $"must hold 1 to {PolicyDefinition.MaxLimits} limits"
        : LimitFields.NamesOf(limits).Distinct().Count() < limits.Count
            ? "must each have a name of its own"
        : null;

    /// <summary>The error of a policy whose route and role another one of the document has.</summary>
    /// <param name="other">The caller's name of the other one.</param>
    public static string SameKeyAs(string other) => $"is for the same route and role as {other}";
}
