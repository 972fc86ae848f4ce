namespace RateLimiter.Domain;

/// <summary>Who makes a change, and with which request.</summary>
/// <param name="KeyId">The public name of the key that he came with; null when he registers.</param>
/// <param name="Address">The IP address that he came from, as text.</param>
/// <param name="RequestId">The trace id that the request's answer and the service's log have.</param>
public sealed record Actor(string? KeyId, string Address, string RequestId);
