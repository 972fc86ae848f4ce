using RateLimiter.Application.Quotas;

namespace RateLimiter.Api.Http.Authentication;

/// <summary>
/// The action is a check. Everything else is administration, and has the rate of
/// <see cref="Application.Quotas.AdministrativeRate"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NotAdministrativeAttribute : Attribute;
