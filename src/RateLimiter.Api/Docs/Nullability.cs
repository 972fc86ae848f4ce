using NJsonSchema;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Docs;

/// <summary>
/// Says what may be null as OpenAPI 3.0 wants it: <c>nullable</c> holds only beside a <c>type</c>, so that in the place of a
/// reference null is an alternative of its own. A parameter is left out, and never null; nor is an item of a list.
/// </summary>
internal sealed class Nullability : IDocumentProcessor
{
    public void Process(DocumentProcessorContext context)
    {
        var document = context.Document;
        foreach (
            var parameter in document.Operations.SelectMany(operation =>
                operation.Operation.Parameters
            )
        )
        {
            parameter.Schema = NotNull(parameter.Schema);
        }

        foreach (
            var property in document
                .Components.Schemas.Values.SelectMany(schema => schema.AllOf.Append(schema))
                .SelectMany(schema => schema.Properties.Values)
        )
        {
            if (property.Item is { } item)
            {
                property.Item = NotNull(item);
            }

            if (property is { IsNullableRaw: true, Type: JsonObjectType.None })
            {
                property.IsNullableRaw = null;
                property.OneOf.Add(NullLike(property.OneOf.First().ActualSchema));
            }
        }
    }

    // NSwag writes a reference that may be null as a choice of one.
    private static JsonSchema NotNull(JsonSchema schema)
    {
        schema.IsNullableRaw = null;
        return schema is { OneOf.Count: 1 }
            ? new JsonSchema
            {
                Reference = schema.OneOf.Single().ActualSchema,
                Default = schema.Default,
            }
            : schema;
    }

    private static JsonSchema NullLike(JsonSchema alternative) =>
        new()
        {
            Type = alternative.Type,
            IsNullableRaw = true,
            Enumeration = { null },
        };
}
