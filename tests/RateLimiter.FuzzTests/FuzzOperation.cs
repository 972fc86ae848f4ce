using System.Text.Json;

namespace RateLimiter.FuzzTests;

/// <summary>An operation of the OpenAPI document, with an example of a valid request.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path; parameters in it are filled in.</param>
/// <param name="Query">The parameters of the query.</param>
/// <param name="Body">The example of its body, if it has one.</param>
public sealed record FuzzOperation(
    string Method,
    string Path,
    IReadOnlyList<(string Name, string Value)> Query,
    JsonElement? Body
)
{
    private static readonly JsonElement Anything = JsonElement.Parse("""{"name":"anything"}""");

    public override string ToString() => $"{Method} {Path}";

    /// <summary>Reads all operations of a document.</summary>
    public static IReadOnlyList<FuzzOperation> ReadAll(JsonElement document) =>
        [
            .. from path in document.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            where method.Value.TryGetProperty("responses", out _)
            select Read(document, path.Name, method),
        ];

    private static FuzzOperation Read(JsonElement document, string path, JsonProperty method)
    {
        var query = new List<(string Name, string Value)>();
        if (method.Value.TryGetProperty("parameters", out var parameters))
        {
            foreach (var parameter in parameters.EnumerateArray())
            {
                var name = parameter.GetProperty("name").GetString()!;
                var value = ValueOf(document, name, parameter);
                if (parameter.GetProperty("in").GetString() == "query")
                {
                    query.Add((name, value));
                }

                path = path.Replace($"{{{name}}}", value, StringComparison.Ordinal);
            }
        }

        return new FuzzOperation(
            method.Name.ToUpperInvariant(),
            path,
            query,
            method.Value.TryGetProperty("requestBody", out var body)
                ? ExampleOf(document, body)
                : null
        );
    }

    private static JsonElement ExampleOf(JsonElement document, JsonElement body)
    {
        var content = body.GetProperty("content").EnumerateObject().First().Value;
        if (content.TryGetProperty("example", out var example))
        {
            return example;
        }

        var schema = Resolve(document, content.GetProperty("schema"));
        return schema.TryGetProperty("example", out example) ? example : Anything;
    }

    // The names in the examples of bodies, so that operations find what other operations create.
    private static string ValueOf(JsonElement document, string name, JsonElement parameter)
    {
        var schema = parameter.TryGetProperty("schema", out var found)
            ? Resolve(document, found)
            : default;
        var type =
            schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var named)
                ? named.ToString()
                : "string";
        return (name, type) switch
        {
            ("route_key", _) => "search",
            ("role", _) => "free",
            ("user_id", _) => "alice",
            ("action", _) => "policy.created",
            ("cursor", _) => "AAAAAAAAAAU",
            ("format", _) => "yaml",
            ("deny_status", _) => "403",
            ("no_policy", _) => "allow",
            ("from", _) => "2026-02-03T04:05:06Z",
            ("to", _) => "2099-02-03T04:05:06Z",
            (_, var t) when t.Contains("integer", StringComparison.Ordinal) => "10",
            (_, var t) when t.Contains("boolean", StringComparison.Ordinal) => "true",
            _ => "anything",
        };
    }

    private static JsonElement Resolve(JsonElement document, JsonElement schema)
    {
        while (true)
        {
            if (schema.TryGetProperty("$ref", out var reference))
            {
                schema = reference
                    .GetString()!
                    .Split('/')
                    .Skip(1)
                    .Aggregate(document, (part, step) => part.GetProperty(step));
            }
            else if (
                schema.TryGetProperty("oneOf", out var several)
                || schema.TryGetProperty("allOf", out several)
            )
            {
                schema = several.EnumerateArray().Last();
            }
            else
            {
                return schema;
            }
        }
    }
}
