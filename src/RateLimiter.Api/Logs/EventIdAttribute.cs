using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace RateLimiter.Api.Logs;

/// <summary>An optional header that holds the id of an event.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class EventIdAttribute : ValidationAttribute
{
    // The greatest integer that stores represent exactly.
    private const long MaxId = 1L << 53;

    /// <summary>The id; null when the text is not an id.</summary>
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
