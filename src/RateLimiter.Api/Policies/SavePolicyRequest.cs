using System.Text.Json.Serialization;
using FluentValidation;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>
/// A policy: either a single limit (<c>limit</c> and <c>window_seconds</c>, with <c>algorithm</c> and <c>burst</c>), or a
/// list of <c>limits</c>, all of which a check must pass.
/// </summary>
/// <param name="RouteKey">The route, 1 to 128 characters; "*" for every route without a policy.</param>
/// <param name="Limit">Permits per window, 0 to 1,000,000,000; 0 blocks everything.</param>
/// <param name="WindowSeconds">The window in seconds, 1 to 31,536,000.</param>
/// <param name="Role">The role, 1 to 128 characters; omitted, null and "default" are the same.</param>
/// <param name="Description">Free text, at most 500 characters.</param>
/// <param name="Algorithm">How the permits of a single limit are counted; fixed_window when omitted.</param>
/// <param name="Burst">The size of a token_bucket (default: limit) or leaky_bucket (default: 1).</param>
/// <param name="Limits">1 to 8 limits, instead of a single one.</param>
/// <param name="IsActive">False allows every check and counts nothing.</param>
/// <param name="Mode">"shadow" counts and logs, but allows what it would deny.</param>
/// <param name="OnStoreFailure">
/// The decision while the store does not answer: "deny" (fail closed), "allow" (fail open), or "local" (fail local), with
/// which each instance counts by itself; the service's default when omitted.
/// </param>
public sealed record SavePolicyRequest(
    [property: JsonPropertyOrder(-2)] string? RouteKey,
    long? Limit = null,
    long? WindowSeconds = null,
    [property: JsonPropertyOrder(-1)] string? Role = null,
    string? Description = null,
    Algorithm? Algorithm = null,
    long? Burst = null,
    IReadOnlyList<LimitRequest?>? Limits = null,
    bool IsActive = true,
    PolicyMode Mode = PolicyMode.Enforce,
    StoreFailureMode? OnStoreFailure = null
)
{
    /// <summary>Whether a policy was saved with a single limit: it has one limit of this name and no other.</summary>
    internal static bool IsSingle(PolicyDefinition definition) =>
        definition.Limits is [{ Name: Domain.Policies.Limit.DefaultName }];

    /// <summary>The request that creates such a policy.</summary>
    internal static SavePolicyRequest Of(PolicyDefinition definition)
    {
        var request = new SavePolicyRequest(
            definition.Key.RouteKey,
            Role: definition.Key.Role,
            Description: definition.Description,
            IsActive: definition.IsActive,
            Mode: definition.Mode,
            OnStoreFailure: definition.OnStoreFailure
        );
        if (!IsSingle(definition))
        {
            return request with { Limits = [.. definition.Limits.Select(LimitRequest.Of)] };
        }

        var limit = LimitRequest.Of(definition.Limits[0]);
        return request with
        {
            Limit = limit.Limit,
            WindowSeconds = limit.WindowSeconds,
            Algorithm = limit.Algorithm,
            Burst = limit.Burst,
        };
    }

    internal PolicyDefinition ToDefinition() =>
        new(
            PolicyKey.Create(RouteKey!, Role),
            Limits is null
                ? [ToFields().ToLimit()]
                : LimitFields.ToLimits(LimitRequest.ToFields(Limits)!),
            Description,
            IsActive,
            Mode,
            OnStoreFailure
        );

    /// <summary>The fields of the single limit.</summary>
    internal LimitFields ToFields() => new(Limit, WindowSeconds, Algorithm, Burst);

    internal bool HasSingle =>
        Limit is not null
        || WindowSeconds is not null
        || Algorithm is not null
        || Burst is not null;
}

/// <summary>One limit of several.</summary>
/// <param name="Limit">Permits per window, 0 to 1,000,000,000; 0 blocks everything.</param>
/// <param name="WindowSeconds">The window in seconds, 1 to 31,536,000.</param>
/// <param name="Algorithm">How permits are counted.</param>
/// <param name="Burst">The size of a token_bucket (default: limit) or leaky_bucket (default: 1).</param>
/// <param name="Name">
/// 1 to 64 characters, unique among the limits; the window, such as "60s", when omitted.
/// </param>
public sealed record LimitRequest(
    long? Limit,
    long? WindowSeconds,
    Algorithm? Algorithm = LimitFields.DefaultAlgorithm,
    long? Burst = null,
    [property: JsonPropertyOrder(-1)] string? Name = null
)
{
    internal static LimitRequest Of(Limit limit) =>
        new(
            limit.Permits,
            (long)limit.Window.TotalSeconds,
            limit.Algorithm,
            limit.Burst,
            limit.Name
        );

    internal static IReadOnlyList<LimitFields?> ToFields(IReadOnlyList<LimitRequest?> requests) =>
        [.. requests.Select(request => request?.ToFields())];

    internal LimitFields ToFields() => new(Limit, WindowSeconds, Algorithm, Burst, Name);
}

internal sealed class SavePolicyRequestValidator : AbstractValidator<SavePolicyRequest>
{
    public SavePolicyRequestValidator()
    {
        RuleFor(request => request.RouteKey).IsRoute();
        RuleFor(request => request.Role).IsRole();
        RuleFor(request => request.Description).IsDescription();

        When(
            request => request.Limits is null,
            () => RuleFor(request => request.ToFields()).SetValidator(new LimitFieldsValidator())
        );
        When(
            request => request.Limits is not null,
            () =>
            {
                RuleFor(request => request.Limits!)
                    .Follows(limits => PolicyRules.LimitsProblem(LimitRequest.ToFields(limits)));
                RuleFor(request => request.Limits)
                    .Must((request, _) => !request.HasSingle)
                    .WithMessage(PolicyRules.SingleBesideList);
                RuleForEach(request => request.Limits!)
                    .Follows(limit => limit is null ? "must be an object" : null)
                    .SetValidator(new LimitRequestValidator()!);
            }
        );
    }
}

internal sealed class LimitRequestValidator : AbstractValidator<LimitRequest>
{
    public LimitRequestValidator() =>
        RuleFor(request => request.ToFields()).SetValidator(new LimitFieldsValidator());
}
