using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RateLimiter.Api.Json;

/// <summary>Says in words of the API what is wrong with a JSON text.</summary>
internal static class JsonFault
{
    /// <summary>The name under which faults of a body as a whole are listed.</summary>
    public const string Body = "body";

    /// <param name="exception">What the serializer said.</param>
    /// <param name="type">What it tried to read.</param>
    /// <returns>The field by the caller's name for it, and what is wrong with it.</returns>
    public static (string Field, string Message) Describe(
        JsonException exception,
        JsonTypeInfo type
    )
    {
        var path = exception.Path ?? "$";
        var field = path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path[1..];
        if (field.Length == 0)
        {
            field = Body;
        }

        // The reader's exceptions are inside: the text is no JSON at all.
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

        if (exception.Message.StartsWith("Duplicate property", StringComparison.Ordinal))
        {
            return (field, "must be given only once");
        }

        return (
            field,
            Expectation(path, type) is { } expected ? $"must be {expected}" : "is unknown"
        );
    }

    private static string? Expectation(string path, JsonTypeInfo type)
    {
        foreach (var name in path.Split('.').Skip(1))
        {
            var bracket = name.IndexOf('[', StringComparison.Ordinal);
            var property = type.Properties.FirstOrDefault(property =>
                property.Name == (bracket < 0 ? name : name[..bracket])
            );
            if (property is null)
            {
                return null;
            }

            type = type.Options.GetTypeInfo(property.PropertyType);
            if (bracket >= 0 && type.ElementType is { } element)
            {
                type = type.Options.GetTypeInfo(element);
            }
        }

        return Name(type);
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
}
