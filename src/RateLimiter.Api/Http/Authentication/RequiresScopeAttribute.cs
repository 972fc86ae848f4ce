using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Http.Authentication;

/// <summary>The scopes of which the API key must have at least one.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresScopeAttribute(Scopes scopes) : Attribute
{
    /// <summary>Any one of them is sufficient.</summary>
    public Scopes Scopes => scopes;
}
