using FluentValidation.Results;

namespace RateLimiter.Dashboard.Forms;

/// <summary>
/// The validation errors of a form's fields, in the words of the API. Both spellings of a field find its error:
/// <c>limits[0].window_seconds</c> and <c>Limits[0].WindowSeconds</c>.
/// </summary>
public sealed class ValidationErrors
{
    public static readonly ValidationErrors None = new([]);

    private readonly Dictionary<string, string> messages = [];

    /// <param name="errors">The first error of each field is used.</param>
    public ValidationErrors(IEnumerable<(string Field, string Message)> errors)
    {
        foreach (var (field, message) in errors)
        {
            messages.TryAdd(Canonical(field), message);
        }
    }

    public int Count => messages.Count;

    /// <summary>The error of a field; null when there is none.</summary>
    public string? this[string field] => messages.GetValueOrDefault(Canonical(field));

    /// <param name="result">What a validator found.</param>
    /// <param name="unreadable">The errors of fields that it could not check, as they hold no number.</param>
    public static ValidationErrors Of(
        ValidationResult result,
        IEnumerable<(string Field, string Message)> unreadable
    ) =>
        new(
            unreadable.Concat(
                result.Errors.Select(error => (error.PropertyName, error.ErrorMessage))
            )
        );

    private static string Canonical(string field) =>
        field.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
}
