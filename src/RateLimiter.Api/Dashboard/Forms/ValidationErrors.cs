using FluentValidation.Results;

namespace RateLimiter.Api.Dashboard.Forms;

/// <summary>
/// What is wrong with the fields of a form, in the words of the API. Its names of fields are found however they are
/// written: <c>limits[0].window_seconds</c> as well as <c>Limits[0].WindowSeconds</c>.
/// </summary>
public sealed class ValidationErrors
{
    public static readonly ValidationErrors None = new([]);

    private readonly Dictionary<string, string> messages = [];

    /// <param name="errors">Of each field, the first counts.</param>
    public ValidationErrors(IEnumerable<(string Field, string Message)> errors)
    {
        foreach (var (field, message) in errors)
        {
            messages.TryAdd(Canonical(field), message);
        }
    }

    public int Count => messages.Count;

    /// <summary>What is wrong with a field; null when nothing is.</summary>
    public string? this[string field] => messages.GetValueOrDefault(Canonical(field));

    public static ValidationErrors Of(ValidationResult result) =>
        new(result.Errors.Select(error => (error.PropertyName, error.ErrorMessage)));

    private static string Canonical(string field) =>
        field.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
}
