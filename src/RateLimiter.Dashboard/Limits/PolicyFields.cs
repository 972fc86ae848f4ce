using FluentValidation;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>
/// The fields of a policy as they were entered. If <see cref="IsSingle"/>, its only limit has the default name of such limits.
/// </summary>
internal sealed record PolicyFields(
    string RouteKey,
    string? Role,
    string? Description,
    bool IsActive,
    PolicyMode Mode,
    StoreFailureMode? OnStoreFailure,
    IReadOnlyList<LimitFields> Limits,
    bool IsSingle
)
{
    /// <summary>The limits of valid fields.</summary>
    public LimitList ToLimits() => IsSingle ? [Limits[0].ToLimit()] : LimitFields.ToLimits(Limits);

    /// <summary>The policy of valid fields.</summary>
    public PolicyDefinition ToDefinition() =>
        new(
            PolicyKey.Create(RouteKey, Role),
            ToLimits(),
            Description,
            IsActive,
            Mode,
            OnStoreFailure
        );
}

internal sealed class PolicyFieldsValidator : AbstractValidator<PolicyFields>
{
    public PolicyFieldsValidator()
    {
        RuleFor(policy => policy.RouteKey).IsRoute();
        RuleFor(policy => policy.Role).IsRole();
        RuleFor(policy => policy.Description).IsDescription();
        RuleFor(policy => policy.Limits).Follows(PolicyRules.LimitsProblem);
        RuleForEach(policy => policy.Limits).SetValidator(new LimitFieldsValidator());
    }
}
