using System.Globalization;

namespace RateLimiter.Dashboard.Forms;

/// <summary>Integers as typed by the user.</summary>
public static class WholeNumber
{
    public const string Error = "must be a whole number";

    /// <summary>Parses digits, with optional surrounding spaces. True, with null, for an empty text.</summary>
    public static bool TryRead(string? text, out long? number)
    {
        number = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            return true;
        }

        if (
            !long.TryParse(
                text.Trim(),
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture,
                out var found
            )
        )
        {
            return false;
        }

        number = found;
        return true;
    }

    public static string Write(long? number) =>
        number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
