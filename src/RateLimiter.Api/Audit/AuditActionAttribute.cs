using System.ComponentModel.DataAnnotations;
using RateLimiter.Domain;

namespace RateLimiter.Api.Audit;

/// <summary>An optional query parameter that names an audit action.</summary>
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
