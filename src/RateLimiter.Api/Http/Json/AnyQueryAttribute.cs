namespace RateLimiter.Api.Http.Json;

/// <summary>The query belongs to another party: this operation ignores it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AnyQueryAttribute : Attribute;
