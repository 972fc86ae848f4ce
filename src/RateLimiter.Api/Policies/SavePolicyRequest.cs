using FluentValidation;
using RateLimiter.Api.Json;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <param name="RouteKey" example="search">The route, 1 to 128 characters.</param>
/// <param name="Limit" example="100">Permits per window, 0 to 1,000,000,000; 0 blocks everything.</param>
/// <param name="WindowSeconds" example="60">The window in seconds, 1 to 31,536,000.</param>
/// <param name="Role" example="free">The role, 1 to 128 characters; left out, null and "default" are the same.</param>
/// <param name="Description" example="Search for free accounts">Free text, at most 500 characters.</param>
/// <param name="IsActive">False allows everything and counts nothing.</param>
/// <param name="Algorithm">How permits are counted.</param>
public sealed record SavePolicyRequest(
    string? RouteKey,
    long? Limit,
    long? WindowSeconds,
    string? Role,
    string? Description,
    bool IsActive = true,
    Algorithm Algorithm = Algorithm.FixedWindow
)
{
    internal PolicyDefinition ToDefinition() =>
        new(
            PolicyKey.Create(RouteKey!, Role),
            [
                new Limit(
                    Domain.Policies.Limit.DefaultName,
                    Algorithm,
                    Limit!.Value,
                    TimeSpan.FromSeconds(WindowSeconds!.Value)
                ),
            ],
            Description,
            IsActive
        );
}

internal sealed class SavePolicyRequestValidator : AbstractValidator<SavePolicyRequest>
{
    public SavePolicyRequestValidator()
    {
        RuleFor(request => request.RouteKey).IsName(Names.MaxRouteLength);
        RuleFor(request => request.Role).IsNameOrNull(Names.MaxRoleLength);
        RuleFor(request => request.Limit).IsBetween(0, Limit.MaxPermits);
        RuleFor(request => request.WindowSeconds).IsBetween(1, Limit.MaxWindowSeconds);
        RuleFor(request => request.Description).IsText(Names.MaxDescriptionLength);
    }
}
