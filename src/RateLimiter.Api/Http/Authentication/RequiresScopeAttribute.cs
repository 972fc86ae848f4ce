using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Http.Authentication;

/// <summary>What the API key must be good for: any of some scopes is enough.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresScopeAttribute(Scopes scopes) : Attribute
{
    /// <summary>Any of them.</summary>
    public Scopes Scopes => scopes;
}
