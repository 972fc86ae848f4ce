namespace RateLimiter.Api.Http.Yaml;

/// <summary>The format of a document.</summary>
public enum DocumentFormat
{
    Json,
    Yaml,
}

/// <summary>The media types of documents.</summary>
internal static class DocumentFormats
{
    public const string Json = "application/json; charset=utf-8";

    /// <summary>The media type of RFC 9512, which is always UTF-8.</summary>
    public const string Yaml = "application/yaml";

    /// <summary>All media types in use for YAML.</summary>
    public static IReadOnlyList<string> YamlNames { get; } =
    [Yaml, "text/yaml", "application/x-yaml", "text/x-yaml"];

    /// <summary>The format that a request prefers: JSON unless it names YAML.</summary>
    public static DocumentFormat Accepted(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        double Quality(Func<string?, bool> named) =>
            accepted
                .Where(type => named(type.MediaType.Value))
                .Select(type => type.Quality ?? 1)
                .DefaultIfEmpty(0)
                .Max();

        var yaml = Quality(name => YamlNames.Contains(name, StringComparer.OrdinalIgnoreCase));
        var json = Quality(name =>
            string.Equals(name, "application/json", StringComparison.OrdinalIgnoreCase)
        );
        return yaml > json ? DocumentFormat.Yaml : DocumentFormat.Json;
    }
}
