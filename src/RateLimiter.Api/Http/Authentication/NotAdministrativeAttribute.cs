namespace RateLimiter.Api.Http.Authentication;

/// <summary>
/// The action is a check. All other actions are administrative, and have the rate limit of <see
/// cref="Application.Quotas.AdministrativeRate"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NotAdministrativeAttribute : Attribute;
