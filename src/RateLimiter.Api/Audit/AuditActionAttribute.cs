using System.ComponentModel.DataAnnotations;
using RateLimiter.Domain;

namespace RateLimiter.Api.Audit;

/// <summary>A parameter of the query that names an action, or nothing.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class AuditActionAttribute : ValidationAttribute
{
    private static readonly string Problem =
        $"must be one of {string.Join(", ", AuditActions.Names)}";

    protected override ValidationResult? IsValid(
        object? value,
        ValidationContext validationContext
    ) =>
        value is string name && !AuditActions.TryParse(name, out _)
            ? new ValidationResult(Problem)
            : ValidationResult.Success;
}
