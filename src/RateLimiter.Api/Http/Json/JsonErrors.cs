using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace RateLimiter.Api.Http.Json;

/// <summary>Describes the errors of a JSON text in terms of the API.</summary>
internal static partial class JsonErrors
{
    /// <summary>The name under which errors of a body as a whole are listed.</summary>
    public const string Body = "body";

    /// <param name="exception">The serializer's exception.</param>
    /// <param name="type">The type that it tried to read.</param>
    /// <returns>The field by the caller's name for it, and its error.</returns>
    public static (string Field, string Message) Describe(
        JsonException exception,
        JsonTypeInfo type
    )
    {
        // The inner exception is the reader's: the text is not JSON at all.
        if (exception.InnerException is JsonException)
        {
            return (
                Body,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"is not valid JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})"
                )
            );
        }

        var (field, found) = Follow(exception.Path ?? "$", type);
        return exception is JsonContentException ? (field, exception.Message)
            : exception.Message.StartsWith("Duplicate propert", StringComparison.Ordinal)
                ? (field, "must be given only once")
            : found is null ? (field, "is unknown")
            : (field, $"must be {Name(found)}");
    }

    /// <summary>The field that a path leads to, and its type; null when there is no such field.</summary>
    private static (string Field, JsonTypeInfo? Type) Follow(string path, JsonTypeInfo? type)
    {
        var field = new StringBuilder();
        foreach (Match step in Steps.Matches(path))
        {
            if (step.Groups["index"] is { Success: true } index)
            {
                field.Append(CultureInfo.InvariantCulture, $"[{index.Value}]");
                type = type is { ElementType: { } element }
                    ? type.Options.GetTypeInfo(element)
                    : null;
                continue;
            }

            var name = step.Groups["name"].Value + step.Groups["quoted"].Value;
            field.Append(field.Length > 0 ? "." : "").Append(name);
            var member =
                type?.Kind == JsonTypeInfoKind.Dictionary
                    ? type.ElementType
                    : type
                        ?.Properties.FirstOrDefault(property => property.Name == name)
                        ?.PropertyType;
            type = member is null ? null : type!.Options.GetTypeInfo(member);
        }

        return (field.Length > 0 ? field.ToString() : Body, type);
    }

    private static string Name(JsonTypeInfo type)
    {
        var clr = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (clr.IsEnum)
        {
            var names = Enum.GetNames(clr).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName);
            return $"one of {string.Join(", ", names)}";
        }

        return Type.GetTypeCode(clr) switch
        {
            TypeCode.String => "a string",
            TypeCode.Boolean => "true or false",
            TypeCode.Int32 or TypeCode.Int64 => "a whole number",
            _ => type.Kind == JsonTypeInfoKind.Enumerable ? "a list" : "an object",
        };
    }

    // Names with special characters are in brackets and quotes, and are not escaped inside.
    [GeneratedRegex(
        @"\['(?<quoted>.*?)'\](?=$|[.\[])|\[(?<index>\d+)\]|\.(?<name>[^.\[]*)",
        RegexOptions.Singleline
    )]
    private static partial Regex Steps { get; }
}

/// <summary>An error that a type of the API finds in its JSON, in terms of the API.</summary>
internal sealed class JsonContentException(string message) : JsonException(message);
