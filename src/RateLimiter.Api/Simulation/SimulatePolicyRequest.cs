using FluentValidation;
using RateLimiter.Api.Policies;
using RateLimiter.Application.Validation;

namespace RateLimiter.Api.Simulation;

/// <summary>A policy to try on the kept decisions.</summary>
/// <param name="Policy">The policy, as POST /policy takes it.</param>
/// <param name="From">Only decisions from this time on are counted, RFC 3339; all that are kept when omitted.</param>
/// <param name="To">Only decisions before this time are counted, RFC 3339; all when omitted.</param>
public sealed record SimulatePolicyRequest(
    SavePolicyRequest? Policy,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null
);

internal sealed class SimulatePolicyRequestValidator : AbstractValidator<SimulatePolicyRequest>
{
    public SimulatePolicyRequestValidator()
    {
        RuleFor(request => request.Policy)
            .Follows(policy => policy is null ? FieldRules.Required : null)
            .SetValidator(new SavePolicyRequestValidator()!);
        RuleFor(request => request.From)
            .Must((request, from) => !(from > request.To))
            .WithMessage("must not be after the end");
    }
}
