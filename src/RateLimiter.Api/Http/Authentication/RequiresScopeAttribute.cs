using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Http.Authentication;

/// <summary>The scopes of which the API key must have at least one.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresScopeAttribute(Scopes scopes) : Attribute
{
    /// <summary>Any one of them is sufficient.</summary>
    public Scopes Scopes => scopes;

    /// <summary>The scopes of which the key must have at least one too; none by default.</summary>
    public Scopes And { get; set; }

    /// <summary>The scopes of which a key must have one and has none; null when it has all that it needs.</summary>
    public Scopes? MissingIn(Scopes held) =>
        !held.Allow(Scopes) ? Scopes
        : And != Scopes.None && !held.Allow(And) ? And
        : null;
}
