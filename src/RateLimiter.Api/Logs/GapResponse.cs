namespace RateLimiter.Api.Logs;

/// <summary>Decisions that a stream left out.</summary>
/// <param name="LeftOut">How many; null when nobody knows.</param>
public sealed record GapResponse(long? LeftOut);
