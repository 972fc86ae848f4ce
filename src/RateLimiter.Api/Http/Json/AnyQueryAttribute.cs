namespace RateLimiter.Api.Http.Json;

/// <summary>The query belongs to somebody else, and is none of this operation's.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AnyQueryAttribute : Attribute;
