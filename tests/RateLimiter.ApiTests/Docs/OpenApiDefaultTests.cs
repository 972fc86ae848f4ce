using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Newtonsoft.Json;
using NJsonSchema;
using NSwag;

namespace RateLimiter.ApiTests.Docs;

/// <summary>
/// The defaults of optional fields and parameters in the OpenAPI document. Generated clients send them, or the default of a
/// type where the document has none.
/// </summary>
public sealed partial class OpenApiDefaultTests
{
    /// <summary>More than the default of any list, so that a difference is visible.</summary>
    private const int Many = 120;

    private Service service = null!;
    private ApiDocument document = null!;

    [SetUp]
    public async Task ReadDocumentAsync()
    {
        (_, service) = await SharedServices.OfAsync();
        document = await ApiDocument.ReadAsync(new ApiClient(service));
    }

    [Test]
    [Contract("The OpenAPI document: the default of an optional field")]
    public void EveryField_OptionalAndNeverNull_HasADefault()
    {
        var fields = document
            .Operations.SelectMany(operation => BodyOf(operation.Operation))
            .SelectMany(body => Objects(body.ActualSchema, []))
            .SelectMany(schema => schema.ActualProperties.Values)
            .Distinct()
            .Where(field => !field.IsRequired && !field.IsNullable(SchemaType.OpenApi3))
            .ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                fields.Select(field => field.Name),
                Is.SupersetOf(["cost", "is_active", "mode", "grace_seconds"])
            );
            Assert.That(
                fields.Where(field => field.Default is null).Select(field => field.Name),
                Is.Empty
            );
        }
    }

    [Test]
    [Contract("The OpenAPI document: the default of an optional parameter")]
    public void EveryParameter_WithADefaultInTheService_NamesIt() =>
        Assert.That(
            from operation in document.Operations
            from parameter in operation.Operation.ActualParameters
            where parameter.Schema?.Default is not null
            select $"{operation.Id} {parameter.Name} {parameter.Schema.Default}",
            Is.SupersetOf([
                "PolicyDocument_Import dry_run False",
                "PolicyDocument_Import keep_others False",
                "PolicyVersions_History limit 100",
                "Logs_Latest limit 50",
                "Gateway_Check deny_status 429",
                "Gateway_Check no_policy not_found",
                "Gateway_Check X-RateLimit-Cost 1",
                "Gateway_CheckPath X-RateLimit-Cost 1",
                "Audit_List limit 100",
                "Analytics_ListBuckets bucket minute",
                "Analytics_ListTop by user",
                "Analytics_ListTop of checks",
                "Analytics_ListTop limit 10",
            ])
        );

    [Test]
    [Contract(
        "The OpenAPI document: a default is the behaviour of the service when the field is omitted"
    )]
    public async Task EveryDefault_LeftOutOrGiven_DoesTheSame()
    {
        var reader = await PrepareAsync(Many);
        foreach (var operation in document.Operations)
        {
            foreach (var it in Defaults(operation))
            {
                if (IsReading(operation))
                {
                    Assert.That(
                        await AskAsync(operation, reader, it.Given),
                        Is.EqualTo(await AskAsync(operation, reader, it.LeftOut)),
                        $"{operation} {it.Name}"
                    );
                    continue;
                }

                foreach (
                    var prepare in (Func<Task<TestClient>>[])[PrepareAsync, ExhaustAsync, NewAsync]
                )
                {
                    Assert.That(
                        await TryAsync(operation, await prepare(), it.Given),
                        Is.EqualTo(await TryAsync(operation, await prepare(), it.LeftOut)),
                        $"{operation} {it.Name}"
                    );
                }
            }
        }
    }

    /// <summary>Each default of an operation, as a request that sends it, and as one that omits it.</summary>
    private static IEnumerable<(string Name, Request Given, Request LeftOut)> Defaults(
        ApiOperation operation
    )
    {
        foreach (var parameter in operation.Operation.ActualParameters)
        {
            if (parameter is { Kind: not OpenApiParameterKind.Body, Schema.Default: { } value })
            {
                var text = value is bool flag
                    ? flag
                        ? "true"
                        : "false"
                    : Convert.ToString(value, CultureInfo.InvariantCulture);
                yield return (
                    parameter.Name,
                    new Request(operation.Body, (parameter.Name, text)),
                    new Request(operation.Body, (parameter.Name, null))
                );
            }
        }

        foreach (var schema in BodyOf(operation.Operation))
        {
            var count = Fields(schema, JsonNode.Parse(operation.Body!)!).Count();
            for (var i = 0; i < count; i++)
            {
                var (given, leftOut) = (
                    JsonNode.Parse(operation.Body!)!,
                    JsonNode.Parse(operation.Body!)!
                );
                var (item, name, value) = Fields(schema, given).ElementAt(i);
                item[name] = value;
                Fields(schema, leftOut).ElementAt(i).Object.Remove(name);
                yield return (
                    name,
                    new Request(given.ToJsonString()),
                    new Request(leftOut.ToJsonString())
                );
            }
        }
    }

    /// <summary>The places in a body where a field with a default is, or could be.</summary>
    private static IEnumerable<(JsonObject Object, string Name, JsonNode Default)> Fields(
        JsonSchema schema,
        JsonNode? body
    ) =>
        body switch
        {
            JsonArray items => items.SelectMany(item => Fields(schema.ActualSchema.Item!, item)),
            JsonObject item => schema.ActualSchema.ActualProperties.Values.SelectMany(field =>
                Fields(field, item[field.Name])
                    .Concat(
                        field.Default is { } value
                            ?
                            [
                                (
                                    item,
                                    field.Name,
                                    JsonNode.Parse(JsonConvert.SerializeObject(value))!
                                ),
                            ]
                            : []
                    )
            ),
            _ => [],
        };

    private static IEnumerable<JsonSchema> BodyOf(OpenApiOperation operation) =>
        operation.RequestBody is { } body ? [body.Content["application/json"].Schema] : [];

    private static IEnumerable<JsonSchema> Objects(JsonSchema schema, HashSet<JsonSchema> seen) =>
        seen.Add(schema)
            ? schema
                .ActualProperties.Values.Select(field => field.ActualTypeSchema)
                .Append(schema.Item?.ActualSchema)
                .OfType<JsonSchema>()
                .SelectMany(inner => Objects(inner, seen))
                .Append(schema)
            : [];

    private static bool IsReading(ApiOperation operation) =>
        operation.Method == HttpMethod.Get
        && !operation.Path.StartsWith("/gateway", StringComparison.Ordinal);

    /// <summary>A tenant with the resources that the examples name, and with this many of everything.</summary>
    private async Task<TestClient> PrepareAsync(int count)
    {
        var client = await NewAsync();
        for (var i = 0; i < count; i++)
        {
            // A policy that replenishes no permits while the test runs.
            await client.HasPolicyAsync("search", limit: 10, role: "free");
        }

        var checks = Enumerable
            .Range(0, count)
            .Select(i =>
                $$"""{"user_id":"{{(i == 0 ? "alice" : $"user {i}")}}","route_key":"search","role":"free"}"""
            );
        (
            await client.PostAsync(
                "/check/batch",
                $$"""{"checks":[{{string.Join(',', checks)}}]}"""
            )
        ).MustBeOk();
        return client;
    }

    private Task<TestClient> PrepareAsync() => PrepareAsync(1);

    /// <summary>A tenant whose user has no permits left.</summary>
    private async Task<TestClient> ExhaustAsync()
    {
        var client = await PrepareAsync();
        var left = await client.RemainingAsync("alice", "search", "free");
        (await client.CheckAsync("alice", "search", "free", left)).MustBeOk();
        return client;
    }

    private Task<TestClient> NewAsync() => TestClient.RegisterAsync(service);

    /// <summary>The response, and the visible state of the tenant afterwards.</summary>
    private static async Task<string> TryAsync(
        ApiOperation operation,
        TestClient client,
        Request request
    )
    {
        // A second key observes the effect on the first.
        var made = await client.PostAsync("/keys", """{"name":"o","scopes":["admin"]}""");
        var observer = client.With(made.MustBeOk()["api_key"].GetString()!);
        var answer = await AskAsync(operation, client, request);
        var seen = new List<string> { answer };
        foreach (
            var path in (string[])
                ["/policy", "/keys", "/usage?user_id=alice&route_key=search&role=free"]
        )
        {
            seen.Add(Lasting(await observer.GetAsync(path)));
        }

        return string.Join('\n', seen);
    }

    private static async Task<string> AskAsync(
        ApiOperation operation,
        TestClient client,
        Request request
    )
    {
        using var content = request.Body is { } body
            ? new StringContent(body, Encoding.UTF8, "application/json")
            : null;
        return Lasting(
            await client.SendAsync(
                operation.Method,
                operation.Address(request.Parameters),
                content,
                operation.HeadersWith(request.Parameters)
            )
        );
    }

    // Without values that change each time: times, ids and durations.
    private static string Lasting(Answer answer) =>
        string.Join(
            ' ',
            answer.Status,
            Passing().Replace(answer.Text, "…"),
            Passing().Replace(answer.Headers.GetValueOrDefault("RateLimit", ""), "…")
        );

    [GeneratedRegex(
        """
            "\d{4}-\d\d-\d\dT[^"]*"|"(key_id|reservation_id|updated_by|changed_by|api_key|prefix|trace_id|request_id)":"[^"]*"|"(id|timestamp_ms|reset_in|retry_after|retry_after_ms|p50_ms|p99_ms)":[\d.]+|"next_cursor":"[^"]*"|;t=\d+
            """
    )]
    private static partial Regex Passing();

    private sealed record Request(string? Body, params (string Name, string? Value)[] Parameters);
}
