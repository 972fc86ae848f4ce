using FluentValidation;
using RateLimiter.Application.Validation;
using RateLimiter.Domain;

namespace RateLimiter.Application.Registration;

/// <summary>The rules of what a caller says about a new client.</summary>
public static class RegistrationRules
{
    /// <summary>The name of an app.</summary>
    public static void IsClientName<T>(this IRuleBuilder<T, string?> rule) =>
        rule.IsName(Names.MaxClientNameLength);
}
