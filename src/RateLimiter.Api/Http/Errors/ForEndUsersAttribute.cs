namespace RateLimiter.Api.Http.Errors;

/// <summary>The responses are passed on to end users, and disclose nothing about the store.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ForEndUsersAttribute : Attribute;
