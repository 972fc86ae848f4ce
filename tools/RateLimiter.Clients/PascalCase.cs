using NJsonSchema;
using NJsonSchema.CodeGeneration;
using NSwag;
using NSwag.CodeGeneration;

namespace RateLimiter.Clients;

/// <summary>Names as they are usual in C#: user_id is UserId, and If-Match is ifMatch.</summary>
internal static class PascalCase
{
    public static string Of(string name) =>
        string.Concat(
            name.Split('_', '-').Select(word => char.ToUpperInvariant(word[0]) + word[1..])
        );
}

internal sealed class PropertyNames : IPropertyNameGenerator
{
    public string Generate(JsonSchemaProperty property) => PascalCase.Of(property.Name);
}

internal sealed class ParameterNames : IParameterNameGenerator
{
    public string Generate(OpenApiParameter parameter, IEnumerable<OpenApiParameter> allParameters)
    {
        var name = PascalCase.Of(parameter.OriginalName ?? parameter.Name);
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
