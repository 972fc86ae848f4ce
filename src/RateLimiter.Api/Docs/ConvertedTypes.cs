using Microsoft.AspNetCore.Mvc;
using NJsonSchema;
using NJsonSchema.Generation;
using NJsonSchema.Generation.TypeMappers;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Policies;

namespace RateLimiter.Api.Docs;

/// <summary>
/// What types are on the wire that the generator reads wrongly, because they have converters of their own, or a base that
/// says nothing.
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
        mappers.Add(
            new InPlace(
                typeof(PolicyRequestList),
                (schema, context) =>
                {
                    schema.Type = JsonObjectType.Array;
                    schema.Item = new JsonSchema
                    {
                        Reference = context.JsonSchemaGenerator.SchemaOf<SavePolicyRequest>(
                            context.JsonSchemaResolver
                        ),
                    };
                }
            )
        );
        mappers.Add(new ObjectTypeMapper(typeof(CheckBatchResult), ResultOfBatch));
        mappers.Add(new ObjectTypeMapper(typeof(ValidationProblemDetails), ProblemOfFields));
    }

    private static JsonSchema ResultOfBatch(
        JsonSchemaGenerator generator,
        JsonSchemaResolver resolver
    )
    {
        var result = Schemas.EitherOf(generator.SchemaOf<DecisionResponse>(resolver));
        result.Description = "The fields of a decision, or an error alone.";
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
            Description = "Of each field, or parameter, what is wrong with it.",
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

    /// <summary>Is written where it is used, without a name of its own.</summary>
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
    /// <summary>The schema of a type, which is made when it is not there yet.</summary>
    public static JsonSchema SchemaOf<T>(
        this JsonSchemaGenerator generator,
        JsonSchemaResolver resolver
    ) =>
        resolver.HasSchema(typeof(T), isIntegerEnumeration: false)
            ? resolver.GetSchema(typeof(T), isIntegerEnumeration: false)
            : generator.Generate(typeof(T), resolver);

    /// <summary>
    /// An answer that is one or the other: one schema with the fields of both, none of which must be there, instead of a
    /// choice, of which generators of clients make nothing.
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
