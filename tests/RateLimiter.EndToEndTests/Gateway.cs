namespace RateLimiter.EndToEndTests;

/// <summary>The gateways whose configurations in <c>samples</c> are tested.</summary>
public enum Gateway
{
    Nginx,
    Caddy,
}
