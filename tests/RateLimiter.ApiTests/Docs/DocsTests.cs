using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RateLimiter.ApiTests.Docs;

/// <summary>GET /docs and /openapi.json.</summary>
public sealed partial class DocsTests : ServiceFixture
{
    [Test]
    [Contract("GET /docs: Swagger UI")]
    public async Task Docs_Always_ShowSwaggerUi()
    {
        var answer = await Visitor.GetAsync("/docs");

        answer.MustBeOk();
        Assert.That(answer.ContentType, Is.EqualTo("text/html"));
        Assert.That(answer.Text, Does.Contain("swagger-ui"));
    }

    [TestCase("/docs")]
    [TestCase("/docs/index.html?url=https://example.org/openapi.json")]
    [TestCase("/docs/start.js")]
    [TestCase("/docs/nothing")]
    [Contract(
        "GET /docs: a browser runs no script but the service's own, and nobody can frame the page"
    )]
    public async Task Docs_Any_SayWhatABrowserMayDo(string path)
    {
        var headers = (await Visitor.GetAsync(path)).Headers;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                headers["Content-Security-Policy"].Split("; "),
                Is.SupersetOf([
                    "default-src 'none'",
                    "script-src 'self'",
                    "style-src 'self'",
                    "connect-src 'self'",
                    "frame-ancestors 'none'",
                ])
            );
            Assert.That(headers["Content-Security-Policy"], Does.Not.Contain("unsafe"));
            Assert.That(headers["X-Content-Type-Options"], Is.EqualTo("nosniff"));
            Assert.That(headers["Referrer-Policy"], Is.EqualTo("no-referrer"));
            Assert.That(headers["Cross-Origin-Opener-Policy"], Is.EqualTo("same-origin"));
            Assert.That(headers["Permissions-Policy"], Does.Contain("geolocation=()"));
        }
    }

    [Test]
    [Contract("GET /docs: the page works without scripts and styles of its own")]
    public async Task Docs_Page_TakesEverythingFromFilesOfTheService()
    {
        var page = (await Visitor.GetAsync("/docs")).Text;
        var files = Linked().Matches(page).Select(match => match.Groups[1].Value).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(page, Does.Not.Match(@"<script(?![^>]* src=)|<style|\s(style|on\w+)="));
            Assert.That(
                files,
                Is.SupersetOf(["swagger-ui.css", "swagger-ui-bundle.js", "start.js"])
            );
        }

        foreach (var file in files)
        {
            (await Visitor.GetAsync($"/docs/{file}")).MustBeOk();
        }

        Assert.That((await Visitor.GetAsync("/docs/start.js")).Text, Does.Contain("openapi.json"));
    }

    [Test]
    [Contract("POST /register: the header X-Registration-Token, if the service requires one")]
    public async Task OpenApi_Register_NamesTheHeaderOfTheToken()
    {
        var register = await OperationAsync("post", "/register");

        var header = register.GetProperty("parameters").EnumerateArray().Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(header.GetProperty("name").GetString(), Is.EqualTo("X-Registration-Token"));
            Assert.That(header.GetProperty("in").GetString(), Is.EqualTo("header"));
            Assert.That(header.TryGetProperty("required", out _), Is.False);
        }
    }

    [TestCase("post", "/policy", new[] { "If-Match", "If-None-Match" })]
    [TestCase("delete", "/policy", new[] { "If-Match", "If-None-Match" })]
    [TestCase("put", "/policy/import", new[] { "If-Match", "If-None-Match" })]
    [TestCase("get", "/policy", new[] { "If-None-Match" })]
    [TestCase("get", "/logs/stream", new[] { "Last-Event-ID" })]
    [TestCase(
        "get",
        "/gateway/check",
        new[]
        {
            "X-RateLimit-User",
            "X-RateLimit-Route",
            "X-RateLimit-Role",
            "X-RateLimit-Cost",
            "X-RateLimit-Subject-Org",
            "X-Forwarded-Method",
            "X-Original-Method",
            "X-Forwarded-Uri",
            "X-Original-URI",
            "X-Original-URL",
        }
    )]
    [Contract("The OpenAPI document must say the same as the contract: conditions")]
    public async Task OpenApi_Operation_NamesTheHeadersThatItReads(
        string method,
        string path,
        string[] headers
    )
    {
        var operation = await OperationAsync(method, path);

        Assert.That(
            operation
                .GetProperty("parameters")
                .EnumerateArray()
                .Where(parameter => parameter.GetProperty("in").GetString() == "header")
                .Select(parameter => parameter.GetProperty("name").GetString()),
            Is.EqualTo(headers)
        );
    }

    [TestCase("/policy", "application/json")]
    [TestCase("/policy/export", "application/json application/yaml")]
    [TestCase("/audit/export", "application/x-ndjson")]
    [TestCase("/logs/stream", "text/event-stream")]
    [Contract("The OpenAPI document must say the same as the contract: media types")]
    public async Task OpenApi_Answer_NamesItsMediaTypes(string path, string types)
    {
        var answer = (await OperationAsync("get", path))
            .GetProperty("responses")
            .GetProperty("200");

        Assert.That(
            string.Join(
                ' ',
                answer.GetProperty("content").EnumerateObject().Select(content => content.Name)
            ),
            Is.EqualTo(types)
        );
    }

    [TestCase("post", "/policy", "application/json")]
    [TestCase("put", "/policy/import", "application/json application/yaml")]
    [Contract("The OpenAPI document must say the same as the contract: media types")]
    public async Task OpenApi_Request_NamesItsMediaTypes(string method, string path, string types)
    {
        var body = (await OperationAsync(method, path)).GetProperty("requestBody");

        Assert.That(
            string.Join(
                ' ',
                body.GetProperty("content").EnumerateObject().Select(content => content.Name)
            ),
            Is.EqualTo(types)
        );
    }

    [Test]
    [Contract("GET /openapi.json: the document")]
    public async Task OpenApi_Always_NamesEveryOperation()
    {
        var operations =
            from path in (await DocumentAsync()).GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            select $"{operation.Name} {path.Name}";

        Assert.That(
            operations,
            Is.SupersetOf([
                "post /register",
                "post /policy",
                "get /policy",
                "delete /policy",
                "post /check",
                "get /logs/latest",
            ])
        );
    }

    [Test]
    [Contract("GET /openapi.json: the version, which only a release changes")]
    public async Task OpenApi_Version_IsMajorAndMinor()
    {
        var version = (await DocumentAsync()).GetProperty("info").GetProperty("version");

        Assert.That(version.GetString(), Does.Match(@"^\d+\.\d+$"));
    }

    [TestCase("post", "/register", new[] { "200", "400", "401", "403", "429", "503" })]
    [TestCase("post", "/policy", new[] { "200", "400", "401", "409", "412", "503" })]
    [TestCase("get", "/policy", new[] { "200", "304", "400", "401", "503" })]
    [TestCase("delete", "/policy", new[] { "200", "400", "401", "404", "412", "503" })]
    [TestCase("get", "/policy/history", new[] { "200", "400", "401", "404", "503" })]
    [TestCase(
        "post",
        "/policy/rollback",
        new[] { "200", "400", "401", "404", "409", "412", "503" }
    )]
    [TestCase("post", "/policy/simulate", new[] { "200", "400", "401", "403", "503" })]
    [TestCase("get", "/policy/export", new[] { "200", "304", "400", "401", "503" })]
    [TestCase("put", "/policy/import", new[] { "200", "400", "401", "409", "412", "413", "503" })]
    [TestCase("get", "/audit", new[] { "200", "400", "401", "503" })]
    [TestCase("get", "/audit/export", new[] { "200", "400", "401", "503" })]
    [TestCase("post", "/check", new[] { "200", "400", "401", "404", "503" })]
    [TestCase("get", "/logs/latest", new[] { "200", "400", "401", "503" })]
    [TestCase("get", "/logs/stream", new[] { "200", "400", "401", "403", "429", "503" })]
    [TestCase("get", "/gateway/check", new[] { "204", "400", "401", "403", "404", "429", "503" })]
    [TestCase(
        "get",
        "/gateway/check/{path}",
        new[] { "200", "400", "401", "403", "404", "429", "503" }
    )]
    [Contract("The OpenAPI document must say the same as the contract: answers")]
    public async Task OpenApi_Operation_NamesItsAnswers(
        string method,
        string path,
        string[] statuses
    )
    {
        var operation = await OperationAsync(method, path);

        Assert.That(
            operation.GetProperty("responses").EnumerateObject().Select(answer => answer.Name),
            Is.SupersetOf(statuses)
        );
    }

    [TestCase("post", "/register", false)]
    [TestCase("post", "/policy", true)]
    [TestCase("get", "/policy", true)]
    [TestCase("delete", "/policy", true)]
    [TestCase("post", "/check", true)]
    [TestCase("get", "/logs/latest", true)]
    [Contract("The OpenAPI document must say the same as the contract: who needs a key")]
    public async Task OpenApi_Operation_SaysWhetherItNeedsAKey(
        string method,
        string path,
        bool needsKey
    )
    {
        var operation = await OperationAsync(method, path);

        // An empty list means that it requires none; a missing list means unknown.
        Assert.That(
            operation.GetProperty("security").GetArrayLength(),
            Is.EqualTo(needsKey ? 1 : 0)
        );
    }

    [TestCase("CheckRequest", new[] { "user_id", "route_key", "role", "cost" })]
    [TestCase("DecisionResponse", new[] { "allowed", "remaining", "reset_in", "reason" })]
    [TestCase("DeletePolicyRequest", new[] { "route_key", "role" })]
    [TestCase("RegisterRequest", new[] { "name" })]
    [TestCase("RegisterResponse", new[] { "api_key", "client_id" })]
    [TestCase(
        "SavePolicyRequest",
        new[] { "route_key", "limit", "window_seconds", "role", "description", "is_active" }
    )]
    [TestCase(
        "LogEntryResponse",
        new[] { "timestamp", "user_id", "route", "role", "allowed", "reason" }
    )]
    [Contract("The OpenAPI document must say the same as the contract: fields")]
    public async Task OpenApi_Schema_HasTheFieldsOfTheWire(string schema, string[] fields)
    {
        var properties = (await DocumentAsync())
            .GetProperty("components")
            .GetProperty("schemas")
            .GetProperty(schema)
            .GetProperty("properties");

        Assert.That(
            properties.EnumerateObject().Select(property => property.Name),
            Is.SupersetOf(fields).And.All.Match("^[a-z_]+$")
        );
    }

    [GeneratedRegex(@"(?:src|href)=""([^""]+)""")]
    private static partial Regex Linked();

    private async Task<JsonElement> DocumentAsync() =>
        (await Visitor.GetAsync("/openapi.json")).MustBeOk().Body;

    private async Task<JsonElement> OperationAsync(string method, string path) =>
        (await DocumentAsync()).GetProperty("paths").GetProperty(path).GetProperty(method);
}

/// <summary>The OpenAPI document for callers that send a Host header of their choice.</summary>
[TestFixture]
public sealed class DocsOfCallersTests
{
    [Test]
    [Contract("The document is the same for all, whatever another caller sent before")]
    public async Task OpenApi_CallersWhoSayWhereItIs_AreNotBelieved()
    {
        // A service of its own, because the first request could determine the response to later ones.
        await using var host = await StoreHost.StartAsync();
        var service = await host.ServeAsync();
        string[] heads =
        [
            "1.0\r\nHost: local(host",
            "1.1\r\nHost: elsewhere.example",
            "1.1\r\nHost: localhost\r\nX-Forwarded-Host: elsewhere.example",
            "1.1\r\nHost: localhost\r\nX-Forwarded-Host: local(host",
            "1.1\r\nHost: localhost\r\nX-Forwarded-Proto: nonsense:",
            "1.1\r\nHost: localhost",
        ];
        var documents = new List<string>();
        foreach (var head in heads)
        {
            var answer = await RawResponse.AskAsync(
                service.Address,
                Encoding.ASCII.GetBytes($"GET /openapi.json HTTP/{head}\r\n\r\n"),
                TimeSpan.FromSeconds(10)
            );
            Assert.That(answer?.Status, Is.EqualTo(200), head);
            documents.Add(answer!.Body);
        }

        Assert.That(documents.Distinct().ToList(), Has.Count.EqualTo(1));
        var server = JsonElement
            .Parse(documents[0])
            .GetProperty("servers")
            .EnumerateArray()
            .Single();
        Assert.That(server.GetProperty("url").GetString(), Is.EqualTo("."));
    }
}
