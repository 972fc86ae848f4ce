using FluentValidation;
using RateLimiter.Application.Keys;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Keys;

/// <param name="Name">The purpose of the key, 1 to 100 characters.</param>
/// <param name="Scopes">
/// The scopes of the key: check, policy:read, policy:write, logs:read, usage:write, keys:write, audit:read, admin. Only
/// check when omitted.
/// </param>
/// <param name="ExpiresInSeconds">The lifetime of the key, 1 to 315,360,000 (ten years); unlimited when omitted.</param>
public sealed record CreateKeyRequest(
    string? Name,
    IReadOnlyList<string?>? Scopes = null,
    long? ExpiresInSeconds = null
)
{
    internal Scopes ToScopes() =>
        ScopeRules.TryParse(Scopes ?? ["check"], out var scopes) ? scopes : Domain.Keys.Scopes.None;

    internal TimeSpan? ToLifetime() =>
        ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}

/// <param name="GraceSeconds">
/// The grace period: how long the old key stays valid, 0 to 2,592,000 (30 days); none when omitted.
/// </param>
public sealed record RotateKeyRequest(long GraceSeconds = 0);

internal sealed class CreateKeyRequestValidator : AbstractValidator<CreateKeyRequest>
{
    public CreateKeyRequestValidator()
    {
        RuleFor(request => request.Name).IsKeyName();
        RuleFor(request => request.Scopes).AreScopes();
        RuleFor(request => request.ExpiresInSeconds).IsLifetime();
    }
}

internal sealed class RotateKeyRequestValidator : AbstractValidator<RotateKeyRequest>
{
    public RotateKeyRequestValidator() => RuleFor(request => request.GraceSeconds).IsGracePeriod();
}
