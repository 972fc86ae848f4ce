using System.ComponentModel.DataAnnotations;
using RateLimiter.Domain;

namespace RateLimiter.Api.Http.Json;

/// <summary>An optional query parameter that holds a name.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class NameAttribute(int maxLength) : ValidationAttribute
{
    protected override ValidationResult? IsValid(
        object? value,
        ValidationContext validationContext
    ) =>
        value is string name && Names.Problem(name, maxLength) is { } problem
            ? new ValidationResult(problem)
            : ValidationResult.Success;
}
