using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Generation;
using RateLimiter.Api.Audit;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Keys;
using RateLimiter.Api.Overrides;
using RateLimiter.Api.Policies;
using RateLimiter.Api.Registration;
using RateLimiter.Api.Reservations;
using RateLimiter.Api.Simulation;
using RateLimiter.Domain;

namespace RateLimiter.Api.Docs;

/// <summary>
/// States in the OpenAPI document what the C# types cannot: which fields a request requires, the defaults of the optional
/// ones, that unknown fields are rejected, and that a response always has all of its fields.
/// </summary>
internal sealed class WireSchemas : ISchemaProcessor
{
    /// <summary>The required fields of each request.</summary>
    private static readonly Dictionary<Type, string[]> Requests = new()
    {
        [typeof(RegisterRequest)] = ["name"],
        [typeof(CheckRequest)] = ["user_id", "route_key"],
        [typeof(CheckBatchRequest)] = ["checks"],
        [typeof(ReserveRequest)] = ["user_id", "route_key"],
        [typeof(CommitRequest)] = ["cost"],
        [typeof(CommitItem)] = ["reservation_id", "cost"],
        [typeof(CommitBatchRequest)] = ["items"],
        [typeof(ExtendRequest)] = ["ttl_seconds"],
        [typeof(ExtendItem)] = ["reservation_id", "ttl_seconds"],
        [typeof(ExtendBatchRequest)] = ["items"],
        [typeof(SavePolicyRequest)] = ["route_key"],
        [typeof(LimitRequest)] = ["limit", "window_seconds"],
        [typeof(CreateKeyRequest)] = ["name"],
        [typeof(RotateKeyRequest)] = [],
        [typeof(DeletePolicyRequest)] = ["route_key"],
        [typeof(RollBackPolicyRequest)] = ["route_key", "version"],
        [typeof(SimulatePolicyRequest)] = ["policy"],
        [typeof(PolicySetDocument)] = ["policies"],
        [typeof(OverrideRequest)] = ["subject", "match", "effect"],
    };

    /// <summary>The fields of responses that are never null, although requests can omit them.</summary>
    private static readonly Dictionary<Type, string[]> NeverNull = new()
    {
        [typeof(LimitResponse)] = ["limit", "algorithm", "per", "when_missing"],
    };

    private static readonly JsonSerializerOptions Json = CreateJson();

    public void Process(SchemaProcessorContext context)
    {
        var (type, schema) = (context.ContextualType.Type, context.Schema);
        foreach (var part in schema.AllOf.Where(part => part.Type == JsonObjectType.Object))
        {
            MakeResponse(part);
        }

        if (schema.Properties.Count == 0)
        {
            // A reference to the schema, which is processed separately.
            return;
        }

        // The generator includes internal properties as fields.
        foreach (var hidden in type.GetProperties(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            schema.Properties.Remove(JsonNamingPolicy.SnakeCaseLower.ConvertName(hidden.Name));
        }

        if (Requests.TryGetValue(type, out var required))
        {
            foreach (var name in required)
            {
                schema.RequiredProperties.Add(name);
                schema.Properties[name].IsNullableRaw = null;
            }

            SetDefaults(type, schema);
            return;
        }

        foreach (var name in NeverNull.GetValueOrDefault(type, []))
        {
            schema.Properties[name].IsNullableRaw = null;
        }

        if (type == typeof(ProblemDetails))
        {
            BecomeProblem(schema);
        }
        else if (type == typeof(AuditEntryResponse))
        {
            BecomeAuditEntry(context);
        }

        MakeResponse(schema);
    }

    // The defaults that the service uses for a request without any fields. Null means that there is no default.
    private static void SetDefaults(Type type, JsonSchema schema)
    {
        var request = JsonSerializer.Deserialize("{}", type, Json);
        foreach (
            var (name, value) in JsonSerializer.SerializeToNode(request, type, Json)!.AsObject()
        )
        {
            if (value is JsonValue)
            {
                schema.Properties[name].Default = JToken.Parse(value.ToJsonString());
            }
        }
    }

    private static JsonSerializerOptions CreateJson()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return options;
    }

    // Responses may gain fields over time. The fields of today are always present.
    private static void MakeResponse(JsonSchema schema)
    {
        schema.AllowAdditionalProperties = true;
        schema.AdditionalPropertiesSchema = null;
        schema.RequiredProperties.Clear();
        foreach (var name in schema.Properties.Keys)
        {
            schema.RequiredProperties.Add(name);
        }
    }

    private static void BecomeProblem(JsonSchema schema)
    {
        // Members of the framework's class that the service never sets.
        schema.Properties.Remove("instance");
        schema.Properties["trace_id"] = new JsonSchemaProperty
        {
            Type = JsonObjectType.String,
            Description = "The trace id under which the service's log has details.",
        };
        foreach (var field in schema.Properties.Values)
        {
            field.IsNullableRaw = null;
        }
    }

    private static void BecomeAuditEntry(SchemaProcessorContext context)
    {
        var fields = context.Schema.Properties;
        foreach (var name in AuditActions.Names)
        {
            fields["action"].Enumeration.Add(name);
        }

        var audited = Schemas.EitherOf(
            context.Generator.SchemaOf<PolicyResponse>(context.Resolver),
            context.Generator.SchemaOf<KeyResponse>(context.Resolver),
            context.Generator.SchemaOf<AuditedOverrideResponse>(context.Resolver)
        );
        audited.Description =
            "The fields of a policy, an override or a key, or the name of a client, depending on the action.";
        context.Resolver.AppendSchema(audited, "AuditedResponse");
        foreach (var field in new[] { fields["before"], fields["after"] })
        {
            field.OneOf.Add(new JsonSchema { Reference = audited });
        }
    }
}
