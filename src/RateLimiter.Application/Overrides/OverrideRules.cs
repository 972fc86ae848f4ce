using FluentValidation;
using RateLimiter.Application.Validation;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Overrides;

/// <summary>The fields of an override as a caller gives them.</summary>
/// <param name="Subject">The name of the subject.</param>
/// <param name="Match">Which values it applies to.</param>
/// <param name="MatchType">How the match is read; null to see it by its form.</param>
/// <param name="RouteKey">The requested route; null for all.</param>
/// <param name="Role">The requested role; null for all.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Limits">The permits of limits, by name.</param>
/// <param name="ExpiresAt">When it ends; null for never.</param>
/// <param name="Reason">Free text.</param>
public sealed record OverrideFields(
    string? Subject,
    string? Match,
    OverrideMatchType? MatchType,
    string? RouteKey,
    string? Role,
    OverrideEffect? Effect,
    IReadOnlyDictionary<string, long>? Limits,
    DateTimeOffset? ExpiresAt,
    string? Reason
)
{
    /// <summary>The definition of valid fields.</summary>
    public OverrideDefinition ToDefinition() =>
        new(
            Subject!,
            Match!,
            MatchType ?? OverrideMatch.TypeOf(Match!),
            RouteKey,
            Role,
            Effect!.Value,
            Limits,
            ExpiresAt?.ToUniversalTime(),
            Reason
        );
}

/// <summary>The rules of what a caller says about an override.</summary>
public sealed class OverrideFieldsValidator : AbstractValidator<OverrideFields>
{
    public OverrideFieldsValidator()
    {
        RuleFor(fields => fields.Subject)
            .Follows(subject =>
                subject is null ? FieldRules.Required
                : subject == SubjectNames.User ? null
                : SubjectNames.Problem(subject)
            );
        RuleFor(fields => fields.Match)
            .Custom(
                (match, context) =>
                {
                    if (
                        (
                            Names.Problem(match, SubjectValues.MaxValueLength)
                            ?? OverrideMatch.Problem(match!, context.InstanceToValidate.MatchType)
                        ) is
                        { } problem
                    )
                    {
                        context.AddFailure(problem);
                    }
                }
            );
        RuleFor(fields => fields.RouteKey).IsNameOrNull(Names.MaxRouteLength);
        RuleFor(fields => fields.Role).IsNameOrNull(Names.MaxRoleLength);
        RuleFor(fields => fields.Effect)
            .Follows(effect => effect is null ? FieldRules.Required : null);
        RuleFor(fields => fields.Limits)
            .Custom(
                (limits, context) =>
                {
                    foreach (
                        var (name, problem) in Problems(context.InstanceToValidate.Effect, limits)
                    )
                    {
                        context.AddFailure(
                            name is null ? context.PropertyPath : $"{context.PropertyPath}.{name}",
                            problem
                        );
                    }
                }
            );
        RuleFor(fields => fields.Reason).IsText(Names.MaxDescriptionLength);
    }

    // The problems of single limits by their names, or of all of them.
    private static IEnumerable<(string? Name, string Problem)> Problems(
        OverrideEffect? effect,
        IReadOnlyDictionary<string, long>? limits
    )
    {
        if (effect is not OverrideEffect.Limits)
        {
            return limits is null ? [] : [(null, "must be given only with the effect limits")];
        }

        if (limits is null || limits.Count is 0 or > OverrideDefinition.MaxLimits)
        {
            return [(null, $"must have 1 to {OverrideDefinition.MaxLimits} members")];
        }

        return from limit in limits
            let problem = Names.Problem(limit.Key, Limit.MaxNameLength)
                ?? FieldRules.RangeProblem(limit.Value, 0, Limit.MaxPermits)
            where problem is not null
            select ((string?)limit.Key, problem);
    }
}
