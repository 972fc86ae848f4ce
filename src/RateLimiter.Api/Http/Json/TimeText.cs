using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace RateLimiter.Api.Http.Json;

/// <summary>
/// Reads a time in RFC 3339 format, with its offset. The framework's readers accept more formats, and guess missing parts.
/// </summary>
internal static partial class TimeText
{
    /// <summary>What a time must be.</summary>
    public const string Form =
        "must be a time such as 2026-02-03T04:05:06Z or 2026-02-03T05:05:06+01:00";

    public static bool TryParse([NotNullWhen(true)] string? text, out DateTimeOffset time)
    {
        time = default;
        return text is not null
            && Rfc3339.IsMatch(text)
            && DateTimeOffset.TryParse(
                text,
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out time
            );
    }

    [GeneratedRegex(
        @"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[-+][0-9]{2}:[0-9]{2})\z"
    )]
    private static partial Regex Rfc3339 { get; }
}

/// <summary>A time in a body, written in UTC.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(
        ref Utf8JsonReader reader,
        Type typeToConvert,
        JsonSerializerOptions options
    ) =>
        reader.TokenType == JsonTokenType.String
        && TimeText.TryParse(reader.GetString(), out var time)
            ? time
            : throw new JsonContentException(TimeText.Form);

    public override void Write(
        Utf8JsonWriter writer,
        DateTimeOffset value,
        JsonSerializerOptions options
    ) => writer.WriteStringValue(value.UtcDateTime);
}
