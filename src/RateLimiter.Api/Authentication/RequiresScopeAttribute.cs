using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Authentication;

/// <summary>What a key must be good for: any of these scopes is enough.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RequiresScopeAttribute(Scopes scopes) : Attribute
{
    public Scopes Scopes => scopes;
}
