using System.ComponentModel.DataAnnotations;
using RateLimiter.Domain;

namespace RateLimiter.Api.Http.Json;

/// <summary>A parameter of the query that holds a name, or nothing.</summary>
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
