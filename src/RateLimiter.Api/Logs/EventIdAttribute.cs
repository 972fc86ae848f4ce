using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace RateLimiter.Api.Logs;

/// <summary>A header that holds the id of an event, or nothing.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class EventIdAttribute : ValidationAttribute
{
    // The greatest whole number that stores keep exactly.
    private const long MaxId = 1L << 53;

    /// <summary>Null when it is none.</summary>
    public static long? Read(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && id <= MaxId
            ? id
            : null;

    protected override ValidationResult? IsValid(
        object? value,
        ValidationContext validationContext
    ) =>
        value is string text && Read(text) is null
            ? new ValidationResult("must be the id of an event")
            : ValidationResult.Success;
}
