using System.Text.Json.Nodes;
using NJsonSchema;
using NSwag;

namespace RateLimiter.Clients;

/// <summary>
/// Removes from a document, before a client is generated from it, what the generated code would do wrong.
/// </summary>
internal static class DocumentForClients
{
    private const string Json = "application/json";
    private const string Version = "ETag";
    private const string Replayed = "Idempotency-Replayed";
    private const string Reference = "#/components/schemas/";

    public static bool GivesVersion(OpenApiOperationDescription operation) =>
        operation.Operation.Responses.TryGetValue("200", out var answer)
        && answer.Headers.ContainsKey(Version);

    public static void Prepare(OpenApiDocument document)
    {
        foreach (var description in document.Operations)
        {
            var operation = description.Operation;
            // Every error is a problem, which the exception reads by itself, even when a proxy sent it.
            foreach (var status in operation.Responses.Keys.Where(IsNoSuccess).ToList())
            {
                operation.Responses.Remove(status);
            }

            foreach (var answer in operation.Responses.Values)
            {
                TakeBody(answer.Content);
            }

            if (operation.RequestBody is { } body)
            {
                TakeBody(body.Content);
            }

            if (
                operation.Responses.TryGetValue("200", out var answered)
                && answered.Headers.ContainsKey(Replayed)
            )
            {
                operation.Parameters.Add(
                    new OpenApiParameter
                    {
                        Kind = OpenApiParameterKind.Header,
                        Name = "Idempotency-Key",
                        Description =
                            "The caller's name of this call, with which a repetition is charged once.",
                        Position = operation.Parameters.Count + 1,
                        Schema = new JsonSchema { Type = JsonObjectType.String },
                    }
                );
            }

            // This parameter chooses between JSON and formats that are omitted here.
            foreach (var format in operation.Parameters.Where(IsFormat).ToList())
            {
                operation.Parameters.Remove(format);
            }
        }

        foreach (var schema in document.Definitions.Values)
        {
            Mend(schema);
        }

        BecomeAnyError(document);
        RemoveUnused(document);
    }

    // The error is a problem with or without a list of invalid fields, which no schema expresses.
    private static void BecomeAnyError(OpenApiDocument document)
    {
        foreach (var result in (string[])["CheckBatchResult", "CommitResult", "ExtendResult"])
        {
            document.Definitions[result].Properties["error"] = new JsonSchemaProperty
            {
                Description = "Why there is no result: a problem.",
            };
        }
    }

    private static void RemoveUnused(OpenApiDocument document)
    {
        var json = JsonNode.Parse(document.ToJson())!;
        var found = new HashSet<string>();
        var open = new Stack<JsonNode>([json["paths"]!]);
        while (open.TryPop(out var node))
        {
            var inner = node switch
            {
                JsonObject fields => fields.Select(field => field.Value),
                JsonArray items => items,
                _ => [],
            };
            foreach (var child in inner.OfType<JsonNode>())
            {
                open.Push(child);
            }

            if (
                node is JsonValue value
                && value.TryGetValue<string>(out var text)
                && text.StartsWith(Reference, StringComparison.Ordinal)
                && found.Add(text[Reference.Length..])
            )
            {
                open.Push(json["components"]!["schemas"]![text[Reference.Length..]]!);
            }
        }

        foreach (var name in document.Definitions.Keys.Except(found).ToList())
        {
            document.Definitions.Remove(name);
        }
    }

    private static bool IsNoSuccess(string status) => !status.StartsWith('2') || status == "202";

    private static bool IsFormat(OpenApiParameter parameter) =>
        parameter is { Kind: OpenApiParameterKind.Query, Name: "format" };

    // JSON where there is JSON; other formats, such as events and lines, are a stream that its reader parses.
    private static void TakeBody(IDictionary<string, OpenApiMediaType> contents)
    {
        foreach (var (type, content) in contents.ToList())
        {
            if (type == Json)
            {
                continue;
            }

            if (contents.ContainsKey(Json))
            {
                contents.Remove(type);
            }
            else
            {
                content.Schema = new JsonSchema
                {
                    Type = JsonObjectType.String,
                    Format = JsonFormatStrings.Binary,
                };
            }
        }
    }

    // A response may get additional fields, which nothing here reads.
    private static void Mend(JsonSchema schema)
    {
        foreach (var part in schema.AllOf.Append(schema).Where(it => it.Properties.Count > 0))
        {
            part.AllowAdditionalProperties = false;
        }
    }
}
