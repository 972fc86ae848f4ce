using System.Text.Json.Serialization;
using FluentValidation;
using NJsonSchema.Annotations;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>
/// A policy: either a single limit, whose fields stand beside the others, or a list of <c>limits</c>, all of which a check must
/// pass.
/// </summary>
[JsonSchemaFlatten]
public sealed record SavePolicyRequest : LimitBody
{
    /// <summary>The route, 1 to 128 characters; "*" for every route without a policy.</summary>
    [JsonPropertyOrder(-2)]
    public string? RouteKey { get; init; }

    /// <summary>The role, 1 to 128 characters; omitted, null and "default" are the same.</summary>
    [JsonPropertyOrder(-1)]
    public string? Role { get; init; }

    /// <summary>Free text, at most 500 characters.</summary>
    [JsonPropertyOrder(1)]
    public string? Description { get; init; }

    /// <summary>1 to 8 limits, instead of a single one.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<LimitRequest?>? Limits { get; init; }

    /// <summary>False allows every check and counts nothing.</summary>
    [JsonPropertyOrder(1)]
    public bool IsActive { get; init; } = true;

    /// <summary>"shadow" counts and logs, but allows what it would deny.</summary>
    [JsonPropertyOrder(1)]
    public PolicyMode Mode { get; init; }

    /// <summary>
    /// The decision while the store does not answer: "deny" (fail closed), "allow" (fail open), or "local" (fail local), with
    /// which each instance counts by itself; the service's default when omitted.
    /// </summary>
    [JsonPropertyOrder(1)]
    public StoreFailureMode? OnStoreFailure { get; init; }

    /// <summary>The request that creates such a policy.</summary>
    internal static SavePolicyRequest Of(PolicyDefinition definition)
    {
        var request = new SavePolicyRequest
        {
            RouteKey = definition.Key.RouteKey,
            Role = definition.Key.Role,
            Description = definition.Description,
            IsActive = definition.IsActive,
            Mode = definition.Mode,
            OnStoreFailure = definition.OnStoreFailure,
        };
        return definition.OnlyLimit is { } single
            ? request with
            {
                Fields = LimitFields.Of(single),
            }
            : request with
            {
                Limits = [.. definition.Limits.Select(LimitRequest.Of)],
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
}

/// <summary>One limit of several.</summary>
[JsonSchemaFlatten]
public sealed record LimitRequest : LimitBody
{
    /// <summary>1 to 64 characters, unique among the limits; the window, such as "60s", when omitted.</summary>
    [JsonPropertyOrder(-1)]
    public string? Name { get; init; }

    internal static LimitRequest Of(Limit limit) =>
        new() { Name = limit.Name, Fields = LimitFields.Of(limit) };

    internal static IReadOnlyList<LimitFields?> ToFields(IReadOnlyList<LimitRequest?> requests) =>
        [.. requests.Select(request => request?.ToFields())];

    internal override LimitFields ToFields() => base.ToFields() with { Name = Name };
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
                    .Must((request, _) => request.ToFields() == LimitFields.None)
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
