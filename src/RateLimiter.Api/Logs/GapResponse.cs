namespace RateLimiter.Api.Logs;

/// <summary>A gap in a stream: decisions that were dropped.</summary>
/// <param name="LeftOut">The number of dropped decisions; null when it is unknown.</param>
public sealed record GapResponse(long? LeftOut);
