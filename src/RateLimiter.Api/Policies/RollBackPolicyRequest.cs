using FluentValidation;
using RateLimiter.Application.Policies;

namespace RateLimiter.Api.Policies;

/// <param name="RouteKey">The route, 1 to 128 characters.</param>
/// <param name="Version">The version to restore.</param>
/// <param name="Role">The role, 1 to 128 characters; omitted, null and "default" are the same.</param>
public sealed record RollBackPolicyRequest(string? RouteKey, long? Version, string? Role = null);

internal sealed class RollBackPolicyRequestValidator : AbstractValidator<RollBackPolicyRequest>
{
    public RollBackPolicyRequestValidator()
    {
        RuleFor(request => request.RouteKey).IsRoute();
        RuleFor(request => request.Role).IsRole();
        RuleFor(request => request.Version).IsVersion();
    }
}
