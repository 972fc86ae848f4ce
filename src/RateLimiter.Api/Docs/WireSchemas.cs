using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Generation;
using RateLimiter.Api.Audit;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Clients;
using RateLimiter.Api.Keys;
using RateLimiter.Api.Policies;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Docs;

/// <summary>
/// Says in the OpenAPI document what the C# types cannot: which fields a request must have, that it may have no others,
/// what an item of a batch is on the wire, and what a request looks like.
/// </summary>
internal sealed class WireSchemas(IOptions<JsonOptions> json) : ISchemaProcessor
{
    private static readonly CheckRequest Check = new("alice", "search", "free");

    /// <summary>For each request, an example, and the fields that it must have.</summary>
    private static readonly Dictionary<Type, (object Example, string[] Required)> Requests = new()
    {
        [typeof(RegisterRequest)] = (new RegisterRequest("My app"), ["name"]),
        [typeof(CheckRequest)] = (Check, ["user_id", "route_key"]),
        [typeof(CheckBatchRequest)] = (
            new CheckBatchRequest([new(Check), new(Check with { UserId = "bob", Cost = 5 })]),
            ["checks"]
        ),
        [typeof(SavePolicyRequest)] = (
            new SavePolicyRequest(
                "search",
                Limit: 10,
                WindowSeconds: 1,
                Role: "free",
                Description: "Search for free accounts",
                Algorithm: Algorithm.TokenBucket,
                Burst: 20
            ),
            ["route_key"]
        ),
        [typeof(LimitRequest)] = (
            new LimitRequest(12, 60, Algorithm.SlidingWindow, Name: "per_minute"),
            ["limit", "window_seconds"]
        ),
        [typeof(CreateKeyRequest)] = (
            new CreateKeyRequest("checkout service", ["check"], ExpiresInSeconds: 7_776_000),
            ["name"]
        ),
        [typeof(RotateKeyRequest)] = (new RotateKeyRequest(GraceSeconds: 3600), []),
        [typeof(DeletePolicyRequest)] = (new DeletePolicyRequest("search", "free"), ["route_key"]),
        [typeof(RollBackPolicyRequest)] = (
            new RollBackPolicyRequest("search", 1, "free"),
            ["route_key", "version"]
        ),
        [typeof(PolicySetDocument)] = (
            new PolicySetDocument([new SavePolicyRequest("search", 10, 1, "free")]),
            ["policies"]
        ),
    };

    public void Process(SchemaProcessorContext context)
    {
        var (type, schema) = (context.ContextualType.Type, context.Schema);
        foreach (var part in schema.AllOf.Where(part => part.Type == JsonObjectType.Object))
        {
            part.AllowAdditionalProperties = true;
        }

        if (schema.Properties.Count == 0)
        {
            // A reference to the schema, which has its turn elsewhere.
            return;
        }

        if (Requests.TryGetValue(type, out var request))
        {
            schema.Example = JToken.Parse(
                JsonSerializer.Serialize(request.Example, json.Value.JsonSerializerOptions)
            );
            foreach (var name in request.Required)
            {
                schema.RequiredProperties.Add(name);
                schema.Properties[name].IsNullableRaw = false;
            }
        }
        else if (type == typeof(CheckBatchItem))
        {
            Become(schema, Schema<CheckRequest>(context));
        }
        else if (type == typeof(CheckBatchResult))
        {
            var error = new JsonSchema { Type = JsonObjectType.Object };
            error.Properties["error"] = new JsonSchemaProperty
            {
                Reference = Schema<ProblemDetails>(context),
                IsRequired = true,
            };
            Become(schema, Schema<DecisionResponse>(context), error);
        }
        else if (type == typeof(AuditEntryResponse))
        {
            schema.AllowAdditionalProperties = true;
            foreach (var name in AuditActions.Names)
            {
                schema.Properties["action"].Enumeration.Add(name);
            }

            foreach (var field in new[] { "before", "after" })
            {
                schema.Properties[field].OneOf.Add(Reference<PolicyResponse>(context));
                schema.Properties[field].OneOf.Add(Reference<KeyResponse>(context));
                schema.Properties[field].OneOf.Add(Reference<AuditedClientResponse>(context));
            }
        }
        else
        {
            // Answers may get more fields in time.
            schema.AllowAdditionalProperties = true;
        }
    }

    private static void Become(JsonSchema schema, params JsonSchema[] alternatives)
    {
        schema.Type = JsonObjectType.None;
        schema.Properties.Clear();
        schema.AllowAdditionalProperties = true;
        foreach (var alternative in alternatives)
        {
            schema.OneOf.Add(
                alternative.Properties.ContainsKey("error")
                    ? alternative
                    : new JsonSchema { Reference = alternative }
            );
        }
    }

    private static JsonSchema Reference<T>(SchemaProcessorContext context) =>
        new() { Reference = Schema<T>(context) };

    private static JsonSchema Schema<T>(SchemaProcessorContext context) =>
        context.Resolver.HasSchema(typeof(T), isIntegerEnumeration: false)
            ? context.Resolver.GetSchema(typeof(T), isIntegerEnumeration: false)
            : context.Generator.Generate(typeof(T), context.Resolver);
}
