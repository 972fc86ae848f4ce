using System.Text.Json.Serialization;
using FluentValidation;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Overrides;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Api.Overrides;

/// <summary>Other limits, none, or a block for one subject, a pattern or a network.</summary>
/// <param name="Subject">The subject whose value is compared: user_id, or another that checks name.</param>
/// <param name="Match">
/// Its value, 1 to 256 characters; a pattern with a single * at its beginning or end; or a network such as 192.0.2.0/24.
/// </param>
/// <param name="MatchType">
/// How match is read. When omitted: a network where a / follows an address, else a pattern where there is a *, else exact.
/// </param>
/// <param name="RouteKey">Only checks of this route; all when omitted.</param>
/// <param name="Role">Only checks with this role; all when omitted.</param>
/// <param name="Effect">
/// "limits" changes limits, "unlimited" allows everything and counts nothing, "blocked" denies everything.
/// </param>
/// <param name="Limits">
/// The permits, 0 to 1,000,000,000, of each limit that changes, by its name: "default" is that of a policy with a single one. Only with the
/// effect limits, with 1 to 64 members.
/// </param>
/// <param name="ExpiresAt">The time from which it does not apply any more; never when omitted.</param>
/// <param name="Reason">Free text, at most 500 characters.</param>
public sealed record OverrideRequest(
    string? Subject,
    string? Match,
    OverrideMatchType? MatchType = null,
    string? RouteKey = null,
    string? Role = null,
    OverrideEffect? Effect = null,
    IReadOnlyDictionary<string, long>? Limits = null,
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? ExpiresAt = null,
    string? Reason = null
)
{
    /// <summary>The request that creates such an override.</summary>
    internal static OverrideRequest Of(OverrideDefinition definition) =>
        new(
            definition.Subject,
            definition.Match,
            definition.MatchType,
            definition.RouteKey,
            definition.Role,
            definition.Effect,
            definition.Limits,
            definition.ExpiresAt,
            definition.Reason
        );

    internal OverrideFields ToFields() =>
        new(Subject, Match, MatchType, RouteKey, Role, Effect, Limits, ExpiresAt, Reason);

    internal OverrideDefinition ToDefinition() => ToFields().ToDefinition();
}

internal sealed class OverrideRequestValidator : AbstractValidator<OverrideRequest>
{
    public OverrideRequestValidator() =>
        RuleFor(request => request.ToFields()).SetValidator(new OverrideFieldsValidator());
}
