using FluentValidation;
using RateLimiter.Api.Http.Json;
using RateLimiter.Domain;

namespace RateLimiter.Api.Policies;

/// <param name="RouteKey">The route, 1 to 128 characters.</param>
/// <param name="Version">The version to restore.</param>
/// <param name="Role">The role, 1 to 128 characters; omitted, null and "default" are the same.</param>
public sealed record RollBackPolicyRequest(string? RouteKey, long? Version, string? Role = null)
{
    /// <summary>The greatest version number: the greatest integer that stores represent exactly.</summary>
    internal const long MaxVersion = (1L << 53) - 1;

    internal const string MaxVersionText = "9007199254740991";
}

internal sealed class RollBackPolicyRequestValidator : AbstractValidator<RollBackPolicyRequest>
{
    public RollBackPolicyRequestValidator()
    {
        RuleFor(request => request.RouteKey).IsName(Names.MaxRouteLength);
        RuleFor(request => request.Role).IsNameOrNull(Names.MaxRoleLength);
        RuleFor(request => request.Version).IsBetween(1, RollBackPolicyRequest.MaxVersion);
    }
}
