using NJsonSchema;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace RateLimiter.Api.Docs;

/// <summary>
/// States what may be null as OpenAPI 3.0 requires: <c>nullable</c> is valid only beside a <c>type</c>, so that for a
/// reference null is an alternative of its own. A parameter can be omitted, but is never null; neither is an item of a list.
/// See ADR 32.
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
            parameter.Schema.IsNullableRaw = null;
            NameDefault(parameter.Schema);
            BecomeReference(parameter.Schema);
        }

        foreach (
            var property in document
                .Components.Schemas.Values.SelectMany(schema => schema.AllOf.Append(schema))
                .SelectMany(schema => schema.Properties.Values)
        )
        {
            if (property.Item is { } item)
            {
                item.IsNullableRaw = null;
                BecomeReference(item);
            }

            if (property is { IsNullableRaw: true, Type: JsonObjectType.None })
            {
                property.IsNullableRaw = null;
                property.OneOf.Add(NullOnly());
            }
            else
            {
                BecomeReference(property);
            }
        }
    }

    // NSwag writes a reference as a choice of one, so that other keywords can stand beside it.
    private static void BecomeReference(JsonSchema schema)
    {
        if (schema is not { OneOf.Count: 1 })
        {
            return;
        }

        var only = schema.OneOf.Single();
        schema.OneOf.Clear();
        if (schema is { Description: null, Default: null })
        {
            schema.Reference = only.ActualSchema;
        }
        else
        {
            schema.AllOf.Add(only);
        }
    }

    // NSwag writes a default by its C# name.
    private static void NameDefault(JsonSchema schema)
    {
        if (schema is { Default: string name, OneOf.Count: 1 })
        {
            var type = schema.OneOf.Single().ActualSchema;
            schema.Default = type.Enumeration.ElementAt(type.EnumerationNames.IndexOf(name));
        }
    }

    // Orval generates no code for an enumeration of null alone. The length rules out the string beside it.
    private static JsonSchema NullOnly() =>
        new()
        {
            Type = JsonObjectType.String,
            IsNullableRaw = true,
            MinLength = 1,
            Enumeration = { "", null },
        };
}
