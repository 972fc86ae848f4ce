using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RateLimiter.Api.Http.Yaml;

/// <summary>The meaning of scalars in the core schema of YAML 1.2, as JSON.</summary>
internal static partial class CoreSchema
{
    /// <summary>Writes a scalar as JSON.</summary>
    /// <exception cref="YamlTextException">JSON cannot represent it.</exception>
    public static void Write(Utf8JsonWriter json, Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
        {
            json.WriteStringValue(text);
        }
        else if (text is "" or "~" or "null" or "Null" or "NULL")
        {
            json.WriteNullValue();
        }
        else if (text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
        {
            json.WriteBooleanValue(text[0] is 't' or 'T');
        }
        else if (Decimals.Match(text) is { Success: true } number)
        {
            json.WriteRawValue(ToJson(number), skipInputValidation: true);
        }
        else if (Digits.Match(text) is { Success: true } digits)
        {
            json.WriteNumberValue(Parse(scalar, digits));
        }
        else if (NoNumber.IsMatch(text))
        {
            throw new YamlTextException(scalar.Start, "must not have .inf or .nan");
        }
        else
        {
            json.WriteStringValue(text);
        }
    }

    // JSON allows no plus and no leading zeros, and requires a digit on both sides of the point. A fraction stays a
    // fraction: it is never read as an integer.
    private static string ToJson(Match number)
    {
        var sign = number.Groups["sign"].Value == "-" ? "-" : "";
        var whole = number.Groups["whole"].Value.TrimStart('0');
        var fraction = number.Groups["fraction"] is { Success: true } digits
            ? $".{(digits.Length > 0 ? digits.Value : "0")}"
            : "";
        return $"{sign}{(whole.Length > 0 ? whole : "0")}{fraction}{number.Groups["exponent"].Value}";
    }

    private static ulong Parse(Scalar scalar, Match digits)
    {
        try
        {
            return Convert.ToUInt64(
                digits.Groups["digits"].Value,
                digits.Groups["base"].Value == "x" ? 16 : 8
            );
        }
        catch (OverflowException)
        {
            throw new YamlTextException(scalar.Start, "must not have numbers that large");
        }
    }

    [GeneratedRegex(
        @"^(?<sign>[-+]?)(?:(?<whole>[0-9]+)(?:\.(?<fraction>[0-9]*))?|\.(?<fraction>[0-9]+))(?<exponent>[eE][-+]?[0-9]+)?\z"
    )]
    private static partial Regex Decimals { get; }

    [GeneratedRegex(@"^0(?<base>o)(?<digits>[0-7]+)\z|^0(?<base>x)(?<digits>[0-9a-fA-F]+)\z")]
    private static partial Regex Digits { get; }

    [GeneratedRegex(@"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z")]
    private static partial Regex NoNumber { get; }
}
