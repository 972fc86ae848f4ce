using FluentValidation;
using RateLimiter.Domain;

namespace RateLimiter.Application.Validation;

/// <summary>Validation rules that many features share.</summary>
public static class FieldRules
{
    /// <summary>The error of a missing field.</summary>
    public const string Required = "is required";

    /// <summary>A required name.</summary>
    public static void IsName<T>(this IRuleBuilder<T, string?> rule, int maxLength) =>
        rule.Follows(name => Names.Problem(name, maxLength));

    /// <summary>An optional name.</summary>
    public static void IsNameOrNull<T>(this IRuleBuilder<T, string?> rule, int maxLength) =>
        rule.Follows(name => name is null ? null : Names.Problem(name, maxLength));

    /// <summary>Optional free text, which may be empty.</summary>
    public static void IsText<T>(this IRuleBuilder<T, string?> rule, int maxLength) =>
        rule.Follows(text => text is null ? null : Names.TextProblem(text, maxLength));

    /// <summary>A required number.</summary>
    public static void IsBetween<T>(this IRuleBuilder<T, long?> rule, long min, long max) =>
        rule.Follows(number => number is { } given ? RangeProblem(given, min, max) : Required);

    /// <summary>An optional number.</summary>
    public static void IsBetweenOrNull<T>(this IRuleBuilder<T, long?> rule, long min, long max) =>
        rule.Follows(number => number is { } given ? RangeProblem(given, min, max) : null);

    /// <summary>A number that has a default.</summary>
    public static void IsBetween<T>(this IRuleBuilder<T, long> rule, long min, long max) =>
        rule.Follows(number => RangeProblem(number, min, max));

    /// <summary>Describes what is wrong with a number; null when the number is valid.</summary>
    public static string? RangeProblem(long number, long min, long max) =>
        number < min || number > max ? $"must be from {min} to {max}" : null;

    /// <summary>Any rule that returns an error message, or null.</summary>
    public static IRuleBuilderOptionsConditions<T, TField> Follows<T, TField>(
        this IRuleBuilder<T, TField> rule,
        Func<TField, string?> problem
    ) =>
        rule.Custom(
            (field, context) =>
            {
                if (problem(field) is { } found)
                {
                    context.AddFailure(found);
                }
            }
        );
}
