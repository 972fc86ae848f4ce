using System.ComponentModel.DataAnnotations;
using System.Globalization;
using RateLimiter.Application.Logs;

namespace RateLimiter.Api.Logs;

/// <summary>An optional header that holds the id of an event.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class EventIdAttribute : ValidationAttribute
{
    // The greatest integer that stores represent exactly.
    private const long MaxId = 1L << 53;

    // Between the numbers of an id of a stream with changes.
    private const char Separator = '-';

    /// <summary>The position that an id names; null when the text is not an id.</summary>
    public static StreamPosition? Read(string text)
    {
        var separator = text.IndexOf(Separator, StringComparison.Ordinal);
        if (separator >= 0)
        {
            return
                (ReadNumber(text.AsSpan(0, separator)), ReadNumber(text.AsSpan(separator + 1)))
                    is ({ } decisions, { } changes)
                ? new StreamPosition(decisions, changes)
                : null;
        }

        // 0 is before everything.
        return ReadNumber(text) is { } id ? new StreamPosition(id, id == 0 ? 0 : null) : null;
    }

    /// <summary>The id that names a position.</summary>
    public static string Write(StreamPosition position) =>
        position.Changes is { } changes
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{position.Decisions}{Separator}{changes}"
            )
            : position.Decisions.ToString(CultureInfo.InvariantCulture);

    protected override ValidationResult? IsValid(
        object? value,
        ValidationContext validationContext
    ) =>
        value is string text && Read(text) is null
            ? new ValidationResult("must be the id of an event")
            : ValidationResult.Success;

    private static long? ReadNumber(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number <= MaxId
            ? number
            : null;
}
