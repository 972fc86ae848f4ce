namespace RateLimiter.Domain;

/// <summary>Who makes a change, and with which request.</summary>
/// <param name="KeyId">The public id of the key that authenticated the request; null for a registration.</param>
/// <param name="Address">The IP address of the caller, as text.</param>
/// <param name="RequestId">The trace id of the request, as its response and the service's log show it.</param>
public sealed record Actor(string? KeyId, string Address, string RequestId);
