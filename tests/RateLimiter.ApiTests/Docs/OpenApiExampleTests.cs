using System.Text;
using System.Text.Json;

namespace RateLimiter.ApiTests.Docs;

/// <summary>The OpenAPI document's examples and errors of each operation, executed on a service.</summary>
public sealed class OpenApiExampleTests
{
    private const int MaxBodySize = 64 * 1024;

    /// <summary>Operations whose query belongs to a forwarded request.</summary>
    private const string AnyQuery = "/gateway/check/{path}";

    private Service service = null!;
    private ApiDocument document = null!;

    [SetUp]
    public async Task ReadDocumentAsync()
    {
        (_, service) = await SharedServices.OfAsync();
        document = await ApiDocument.ReadAsync(new ApiClient(service));
    }

    [Test]
    [Contract(
        "The OpenAPI document has examples of all requests and responses, and they are correct"
    )]
    public async Task EveryOperation_ItsExample_IsAnsweredAsItsExampleSays()
    {
        foreach (var operation in document.Operations)
        {
            var (client, keyId, overrideId) = await PrepareAsync();

            if (operation.Path == "/logs/latest")
            {
                await Poll.UntilAsync(
                    "The check is not logged.",
                    TimeSpan.FromSeconds(20),
                    async () => (await client.LogsAsync()).Count > 0
                );
            }

            var answer = await SendAsync(operation, client, keyId, overrideId);

            Assert.That(
                answer.Status,
                Is.InRange(200, 299),
                $"{operation}: {answer.Status} {answer.Text}"
            );
            operation.MustAllow(answer);
            if (answer.Text.Length > 0)
            {
                Assert.That(operation.ExampleOf(answer), Is.Not.Null, $"{operation}: no example");
                MustLookLike(answer.Body, operation.ExampleOf(answer)!.Value, $"{operation}: $");
            }
        }
    }

    [Test]
    [Contract("Every error is among those that the OpenAPI document names, and matches its schema")]
    public async Task EveryOperation_Faults_AreAnsweredAsTheDocumentSays()
    {
        var seen = new HashSet<int>();
        var (client, _, _) = await PrepareAsync();
        var auditor = client.With(await KeyAsync(client, "audit:read"));
        var checker = client.With(await KeyAsync(client, "check"));
        var stranger = await TestClient.RegisterAsync(service);
        foreach (var operation in document.Operations)
        {
            var address = operation.Address();
            if (operation.Path != AnyQuery)
            {
                await MustRefuseAsync(
                    client,
                    Json(operation.Body),
                    to: $"{address}{(address.Contains('?') ? '&' : '?')}nonsense=1"
                );
            }

            if (operation.NeedsKey)
            {
                await MustRefuseAsync(new ApiClient(service), Json(operation.Body));
                await MustRefuseAsync(
                    operation.Path.StartsWith("/audit", StringComparison.Ordinal)
                        ? checker
                        : auditor,
                    Json(operation.Body)
                );
            }

            if (operation.TakesBody)
            {
                await MustRefuseAsync(client, Json("{"));
                await MustRefuseAsync(client, new StringContent("text", Encoding.UTF8, "text/css"));
            }

            if (operation.TakesBody && !IsLarge(operation))
            {
                await MustRefuseAsync(client, Json(new string(' ', MaxBodySize + 1)));
            }

            if (Names("404"))
            {
                await MustRefuseAsync(stranger, Json(operation.Body));
            }

            if (Names("412"))
            {
                await MustRefuseAsync(client, Json(operation.Body), ("If-Match", "\"99\""));
            }

            bool Names(string status) => operation.Operation.Responses.ContainsKey(status);

            async Task MustRefuseAsync(
                ApiClient visitor,
                HttpContent? content,
                (string, string)? header = null,
                string? to = null
            )
            {
                var answer = await visitor.SendAsync(
                    operation.Method,
                    to ?? address,
                    content,
                    [
                        .. operation.Headers,
                        .. header is { } it ? [it] : Array.Empty<(string, string)>(),
                    ]
                );
                Assert.That(
                    answer.Status,
                    Is.InRange(400, 499),
                    $"{operation}: {answer.Status} {answer.Text}"
                );
                operation.MustAllow(answer);
                seen.Add(answer.Status);
            }
        }

        Assert.That(seen, Is.SupersetOf([400, 401, 403, 404, 412, 413, 415]));
    }

    [TestCase("/gateway/check", "429")]
    [TestCase("/gateway/check?deny_status=403", "403")]
    [TestCase("/gateway/check/search", "429")]
    [Contract("The OpenAPI document names the headers of a gateway's denial")]
    public async Task Gateway_Denial_ComesWithTheHeadersThatTheDocumentNames(
        string address,
        string status
    )
    {
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("search", limit: 0);
        var operation = document.Operations.Single(operation =>
            operation.Path
            == (address.EndsWith("search", StringComparison.Ordinal) ? AnyQuery : "/gateway/check")
        );

        var answer = await client.SendAsync(
            HttpMethod.Get,
            address,
            (string?)null,
            ("X-RateLimit-Route", "search")
        );

        operation.MustAllow(answer);
        Assert.That($"{answer.Status}", Is.EqualTo(status));
        Assert.That(
            operation.Operation.Responses[status].Headers.Keys,
            Is.SupersetOf(["RateLimit", "RateLimit-Policy", "Retry-After"])
        );
    }

    [Test]
    [Contract("The OpenAPI document names the headers of a rejected registration")]
    public async Task Register_TooOften_ComesWithTheHeadersThatTheDocumentNames()
    {
        var (_, limited) = await SharedServices.BehindProxyOfAsync();
        var visitor = new ApiClient(limited);
        Answer answer;
        do
        {
            answer = await visitor.RegisterAsync("A test", forwardedFor: "203.0.113.32");
        } while (answer.Status == 200);

        document.Operations.Single(operation => operation.Path == "/register").MustAllow(answer);
        Assert.That(
            (answer.Status, answer.Headers.ContainsKey("Retry-After")),
            Is.EqualTo((429, true))
        );
    }

    /// <summary>
    /// A tenant with the resources that the examples name, and the ids of another key of theirs and of an override.
    /// </summary>
    private async Task<(TestClient Client, string KeyId, string OverrideId)> PrepareAsync()
    {
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("search", 5, 1, role: "free");
        var save = document.Operations.Single(operation => operation.Id == "Policy_Save");
        (await client.PostAsync(save.Path, save.Body!)).MustBeOk();
        (await client.CheckAsync("alice", "search", "free")).MustBeOk();
        var key = await client.PostAsync("/keys", """{"name": "old"}""");
        var create = document.Operations.Single(operation => operation.Id == "Overrides_Create");
        var created = await client.PostAsync(create.Path, create.Body!);
        return (
            client,
            key.MustBeOk()["key_id"].GetString()!,
            created.MustBeOk()["override_id"].GetString()!
        );
    }

    private static async Task<string> KeyAsync(TestClient client, string scope) =>
        (await client.PostAsync("/keys", $$"""{"name": "limited", "scopes": ["{{scope}}"]}"""))
            .MustBeOk()["api_key"]
            .GetString()!;

    private static async Task<Answer> SendAsync(
        ApiOperation operation,
        TestClient client,
        string keyId,
        string overrideId
    )
    {
        var address = operation.Address(("key_id", keyId), ("override_id", overrideId));
        var answer = await client.SendAsync(
            operation.Method,
            address,
            Json(operation.Body),
            operation.Headers
        );
        switch (answer.ContentType)
        {
            case EventReader.ContentType:
                await using (var events = await client.StreamAsync(address, operation.Headers))
                {
                    return answer with { Text = $"{(await events.NextAsync()).Data}" };
                }

            case "application/x-ndjson":
                return answer with { Text = answer.Text.Split('\n')[0] };
            default:
                return answer;
        }
    }

    private static bool IsLarge(ApiOperation operation) =>
        operation.Path is "/check/batch" or "/policy/import";

    private static StringContent? Json(string? body) =>
        body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");

    // The same names and types. The schema states what may be null.
    private static void MustLookLike(JsonElement actual, JsonElement example, string where)
    {
        if (JsonValueKind.Null == actual.ValueKind || JsonValueKind.Null == example.ValueKind)
        {
            return;
        }

        Assert.That(KindOf(actual), Is.EqualTo(KindOf(example)), where);
        switch (actual.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.That(
                    actual.EnumerateObject().Select(member => member.Name),
                    Is.EquivalentTo(example.EnumerateObject().Select(member => member.Name)),
                    where
                );
                foreach (var member in actual.EnumerateObject())
                {
                    MustLookLike(
                        member.Value,
                        example.GetProperty(member.Name),
                        $"{where}.{member.Name}"
                    );
                }

                break;
            case JsonValueKind.Array:
                Assert.That(
                    actual.GetArrayLength() > 0,
                    Is.EqualTo(example.GetArrayLength() > 0),
                    where
                );
                foreach (var (item, other) in actual.EnumerateArray().Zip(example.EnumerateArray()))
                {
                    MustLookLike(item, other, $"{where}[]");
                }

                break;
        }
    }

    private static JsonValueKind KindOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.False ? JsonValueKind.True : value.ValueKind;
}
