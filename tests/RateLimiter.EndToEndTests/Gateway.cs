namespace RateLimiter.EndToEndTests;

/// <summary>The gateways whose configuration in <c>samples</c> is run.</summary>
public enum Gateway
{
    Nginx,
    Caddy,
}
