using FluentValidation;
using RateLimiter.Application.Policies;

namespace RateLimiter.Api.Policies;

/// <param name="RouteKey">The route, 1 to 128 characters.</param>
/// <param name="Role">The role, 1 to 128 characters; omitted, null and "default" are the same.</param>
public sealed record DeletePolicyRequest(string? RouteKey, string? Role);

internal sealed class DeletePolicyRequestValidator : AbstractValidator<DeletePolicyRequest>
{
    public DeletePolicyRequestValidator()
    {
        RuleFor(request => request.RouteKey).IsRoute();
        RuleFor(request => request.Role).IsRole();
    }
}
