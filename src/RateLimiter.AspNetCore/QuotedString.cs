using System.Globalization;
using System.Text;

namespace RateLimiting.AspNetCore;

/// <summary>
/// Any text as a string of RFC 9651. Such strings hold only printable ASCII, so that every other byte of the UTF-8 form is
/// percent-encoded, and the percent sign too.
/// </summary>
internal static class QuotedString
{
    public static string Of(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            _ = value switch
            {
                (byte)'"' or (byte)'\\' => quoted.Append('\\').Append((char)value),
                (byte)'%' or < 0x20 or > 0x7E => quoted.Append(
                    CultureInfo.InvariantCulture,
                    $"%{value:X2}"
                ),
                _ => quoted.Append((char)value),
            };
        }

        return quoted.Append('"').ToString();
    }
}
