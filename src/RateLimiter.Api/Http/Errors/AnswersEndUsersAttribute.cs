namespace RateLimiter.Api.Http.Errors;

/// <summary>What is answered here goes on to end users, who are told nothing of the store.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AnswersEndUsersAttribute : Attribute;
