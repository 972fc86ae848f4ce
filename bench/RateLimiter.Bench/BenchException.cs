namespace RateLimiter.Bench;

/// <summary>The bench cannot go on, or what it measured is worth nothing. The message is for whoever started it.</summary>
internal sealed class BenchException(string message) : Exception(message);
