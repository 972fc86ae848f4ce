namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>The gateways whose configurations in <c>samples</c> are tested.</summary>
public enum GatewayKind
{
    Nginx,
    Caddy,
}
