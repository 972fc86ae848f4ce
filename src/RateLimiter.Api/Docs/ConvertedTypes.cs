using Microsoft.AspNetCore.Mvc;
using NJsonSchema;
using NJsonSchema.Generation;
using NJsonSchema.Generation.TypeMappers;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Overrides;
using RateLimiter.Api.Policies;

namespace RateLimiter.Api.Docs;

/// <summary>
/// Schemas of types that the generator reads wrongly, because they have their own converters, or an uninformative base
/// class.
/// </summary>
internal static class ConvertedTypes
{
    public static void AddTo(ICollection<ITypeMapper> mappers)
    {
        mappers.Add(
            new InPlace(
                typeof(CheckBatchItem),
                (schema, context) =>
                    schema.Reference = context.JsonSchemaGenerator.SchemaOf<CheckRequest>(
                        context.JsonSchemaResolver
                    )
            )
        );
        mappers.Add(ListOf<SavePolicyRequest>(typeof(PolicyRequestList)));
        mappers.Add(ListOf<OverrideRequest>(typeof(OverrideRequestList)));
        mappers.Add(new ObjectTypeMapper(typeof(CheckBatchResult), ResultOfBatch));
        mappers.Add(new ObjectTypeMapper(typeof(ValidationProblemDetails), ProblemOfFields));
    }

    private static InPlace ListOf<T>(Type list) =>
        new(
            list,
            (schema, context) =>
            {
                schema.Type = JsonObjectType.Array;
                schema.Item = new JsonSchema
                {
                    Reference = context.JsonSchemaGenerator.SchemaOf<T>(context.JsonSchemaResolver),
                };
            }
        );

    private static JsonSchema ResultOfBatch(
        JsonSchemaGenerator generator,
        JsonSchemaResolver resolver
    )
    {
        var result = Schemas.EitherOf(generator.SchemaOf<DecisionResponse>(resolver));
        result.Description = "Either the fields of a decision, or only an error.";
        result.Properties["error"] = new JsonSchemaProperty
        {
            Reference = generator.SchemaOf<ProblemDetails>(resolver),
        };
        return result;
    }

    // Without the framework's class between it and a problem.
    private static JsonSchema ProblemOfFields(
        JsonSchemaGenerator generator,
        JsonSchemaResolver resolver
    )
    {
        var errors = new JsonSchemaProperty
        {
            Type = JsonObjectType.Object,
            Description = "The validation errors of each field or parameter.",
            AdditionalPropertiesSchema = new JsonSchema
            {
                Type = JsonObjectType.Array,
                Item = new JsonSchema { Type = JsonObjectType.String },
            },
            IsRequired = true,
        };
        return new JsonSchema
        {
            AllOf =
            {
                new JsonSchema { Reference = generator.SchemaOf<ProblemDetails>(resolver) },
                new JsonSchema
                {
                    Type = JsonObjectType.Object,
                    AllowAdditionalProperties = true,
                    Properties = { ["errors"] = errors },
                },
            },
        };
    }

    /// <summary>An inline schema, without a name of its own.</summary>
    private sealed class InPlace(Type type, Action<JsonSchema, TypeMapperContext> write)
        : ITypeMapper
    {
        public Type MappedType => type;

        public bool UseReference => false;

        public void GenerateSchema(JsonSchema schema, TypeMapperContext context) =>
            write(schema, context);
    }
}

internal static class Schemas
{
    /// <summary>The schema of a type, generated if it does not exist yet.</summary>
    public static JsonSchema SchemaOf<T>(
        this JsonSchemaGenerator generator,
        JsonSchemaResolver resolver
    ) =>
        resolver.HasSchema(typeof(T), isIntegerEnumeration: false)
            ? resolver.GetSchema(typeof(T), isIntegerEnumeration: false)
            : generator.Generate(typeof(T), resolver);

    /// <summary>
    /// A response that is one of two: one schema with the fields of both, all optional, instead of a choice (oneOf), which
    /// client generators do not support.
    /// </summary>
    public static JsonSchema EitherOf(params IEnumerable<JsonSchema> answers)
    {
        var either = new JsonSchema
        {
            Type = JsonObjectType.Object,
            AllowAdditionalProperties = true,
        };
        foreach (var (name, field) in answers.SelectMany(answer => answer.Properties))
        {
            var copy = new JsonSchemaProperty
            {
                Type = field.Type,
                Format = field.Format,
                Description = field.Description,
                IsNullableRaw = field.IsNullableRaw,
                Item = field.Item,
                AdditionalPropertiesSchema = field.AdditionalPropertiesSchema,
            };
            foreach (var reference in field.OneOf)
            {
                copy.OneOf.Add(reference);
            }

            either.Properties[name] = copy;
        }

        return either;
    }
}
