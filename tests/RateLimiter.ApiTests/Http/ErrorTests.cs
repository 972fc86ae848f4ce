using System.Net.Http.Headers;
using System.Text;

namespace RateLimiter.ApiTests.Http;

/// <summary>Errors that are common to all operations, and their responses.</summary>
public sealed class ErrorTests : ServiceFixture
{
    private const int MaxBodySize = 64 * 1024;
    private const string ValidCheck = """{"user_id":"u","route_key":"r"}""";

    private static readonly string[] Operations =
    [
        "POST /register",
        "POST /policy",
        "DELETE /policy",
        "POST /check",
    ];

    [Test]
    [Contract("400 malformed body")]
    public async Task AnyOperation_BodyThatIsNoJson_IsRefused(
        [ValueSource(nameof(Operations))] string operation,
        [Values(
            "{",
            "{\"",
            "{,}",
            "{} {}",
            "{'name':'x'}",
            "{name:1}",
            "/* x */ {}",
            "nul",
            "name=x",
            "\uFEFF\uFEFF{}"
        )]
            string body
    )
    {
        (await SendAsync(operation, body)).MustRefuse("body");
    }

    [TestCase("POST /register", """{"name":"x",}""")]
    [TestCase("POST /register", """{"name":"x"} x""")]
    [TestCase("POST /register", """{"name":NaN}""")]
    [TestCase("POST /policy", """{"limit":NaN}""")]
    [TestCase("POST /policy", """{"window_seconds":Infinity}""")]
    [TestCase("POST /policy", """{"limit":01}""")]
    [TestCase("DELETE /policy", """{"route_key":r}""")]
    [TestCase("POST /check", """{"user_id":"u","route_key":"r","cost":NaN}""")]
    [TestCase("POST /check", """{"user_id":"u","route_key":"r","cost":+1}""")]
    [TestCase("POST /check", """{"user_id":"u","route_key":"r\""")]
    [Contract("400 malformed body: not JSON")]
    public async Task AnyOperation_FieldThatIsNoJson_IsRefused(string operation, string body)
    {
        (await SendAsync(operation, body)).MustRefuse("body");
    }

    [Test]
    [Contract("400 malformed body")]
    public async Task AnyOperation_BodyThatIsNoObject_IsRefused(
        [ValueSource(nameof(Operations))] string operation,
        [Values("[]", "\"x\"", "1", "true")] string body
    )
    {
        (await SendAsync(operation, body)).MustRefuse("body");
    }

    [TestCase("POST /register", "")]
    [TestCase("POST /policy", "")]
    [TestCase("POST /check", "")]
    [TestCase("POST /register", "null")]
    [TestCase("POST /policy", "null")]
    [TestCase("POST /check", "null")]
    [Contract("400 malformed body")]
    public async Task AnyOperation_EmptyBody_IsRefused(string operation, string body)
    {
        (await SendAsync(operation, body)).MustRefuse("body");
    }

    [TestCase("POST /register", """{"name":"a","name":"b"}""", "name")]
    [TestCase(
        "POST /policy",
        """{"route_key":"r","limit":1,"limit":2,"window_seconds":1}""",
        "limit"
    )]
    [TestCase("DELETE /policy", """{"route_key":"r","route_key":"s"}""", "route_key")]
    [TestCase("POST /check", """{"user_id":"u","route_key":"r","user_id":"v"}""", "user_id")]
    [Contract("400 invalid body: a duplicate field")]
    public async Task AnyOperation_FieldGivenTwice_IsRefused(
        string operation,
        string body,
        string field
    )
    {
        (await SendAsync(operation, body)).MustRefuse(field);
    }

    [Test]
    [Contract("JSON in UTF-8")]
    public async Task Check_BodyOfInvalidUtf8_IsRefused()
    {
        byte[] body = [.. "{\"user_id\":\""u8, 0xC3, 0x28, .. "\",\"route_key\":\"r\"}"u8];

        (await CheckAsync(Content(body, "application/json"))).MustBeProblem(400);
    }

    [Test]
    [Contract("400 malformed body, however deep")]
    public async Task Check_BodyNestedTooDeep_IsRefused()
    {
        (await Client.PostAsync("/check", "[".Times(10_000))).MustBeProblem(400);
    }

    [TestCase("GET", "/nothing")]
    [TestCase("POST", "/check/nothing")]
    [TestCase("GET", "/policy/r")]
    [TestCase("GET", "/health")]
    [TestCase("GET", "/logs")]
    [Contract("404 nothing there")]
    public async Task UnknownPath_AnyMethod_AnswersNotFound(string method, string path)
    {
        (await Client.SendAsync(new HttpMethod(method), path)).MustBeProblem(404);
    }

    [TestCase("GET", "/register", "POST")]
    [TestCase("GET", "/check", "POST")]
    [TestCase("PUT", "/check", "POST")]
    [TestCase("HEAD", "/check", "POST")]
    [TestCase("PUT", "/policy", "DELETE, GET, HEAD, POST")]
    [TestCase("PATCH", "/policy", "DELETE, GET, HEAD, POST")]
    [TestCase("POST", "/logs/latest", "GET, HEAD")]
    [TestCase("DELETE", "/logs/latest", "GET, HEAD")]
    [TestCase("FOO", "/logs/latest", "GET, HEAD")]
    [TestCase("FOO", "/", "GET, HEAD")]
    [TestCase("FOO", "/health/live", "GET, HEAD")]
    [TestCase("POST", "/health/ready", "GET, HEAD")]
    [TestCase("FOO", "/metrics", "GET, HEAD")]
    [TestCase("FOO", "/docs", "GET, HEAD")]
    [TestCase("POST", "/docs/index.html", "GET, HEAD")]
    [TestCase("FOO", "/openapi.json", "GET, HEAD")]
    [TestCase("FOO", "/dashboard/sign-in", "GET, HEAD, POST")]
    [Contract("405 with Allow, as users of an HTTP API would expect")]
    public async Task KnownPath_OtherMethod_AnswersMethodNotAllowed(
        string method,
        string path,
        string allowed
    )
    {
        var answer = await Client.SendAsync(new HttpMethod(method), path);

        if (method == "HEAD")
        {
            answer.MustBeStatus(405);
        }
        else
        {
            answer.MustBeProblem(405);
        }

        Assert.That(
            answer.Headers["Allow"].Split(", ").Order(StringComparer.Ordinal),
            Is.EqualTo(allowed.Split(", "))
        );
    }

    [Test]
    [Contract("413 body over 64 KiB")]
    public async Task Check_BodyOf64KiB_IsAccepted()
    {
        await Client.HasPolicyAsync("r", 10);

        (await Client.PostAsync("/check", ValidCheck.PadRight(MaxBodySize))).MustBeOk();
    }

    [Test]
    [Contract("413 body over 64 KiB; a refused check consumes nothing")]
    public async Task Check_BodyOver64KiB_AnswersTooLarge([Values] bool chunked)
    {
        await Client.HasPolicyAsync("r", 10);

        var answer = await CheckAsync(
            Content(
                Encoding.UTF8.GetBytes(ValidCheck.PadRight(MaxBodySize + 1)),
                "application/json"
            ),
            chunked ? ("Transfer-Encoding", "chunked") : ("Expect", "100-continue")
        );

        answer.MustBeProblem(413);
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(10));
    }

    [TestCase(null)]
    [TestCase("text/plain")]
    [TestCase("application/xml")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("application/json; charset=utf-16")]
    [TestCase("application/json; charset=iso-8859-1")]
    [Contract("415 not JSON; a refused check consumes nothing")]
    public async Task Check_ContentTypeThatIsNotJson_AnswersUnsupported(string? contentType)
    {
        await Client.HasPolicyAsync("r", 10);

        var answer = await CheckAsync(Content(Encoding.UTF8.GetBytes(ValidCheck), contentType));

        answer.MustBeProblem(415);
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(10));
    }

    [TestCase("application/x-www-form-urlencoded", "a[b=1")]
    [TestCase("application/x-www-form-urlencoded", "%zz=%00&&[=]")]
    [TestCase("multipart/form-data; boundary=x", "--x\r\n")]
    [TestCase("multipart/form-data", "x")]
    [Contract("415 not JSON, whatever other errors there are")]
    public async Task Register_BrokenForm_AnswersUnsupported(string contentType, string body)
    {
        var answer = await Visitor.SendAsync(
            HttpMethod.Post,
            "/register",
            Content(Encoding.UTF8.GetBytes(body), contentType)
        );

        answer.MustBeProblem(415);
    }

    [TestCase("application/json; charset=utf-8")]
    [TestCase("application/json; charset=UTF-8")]
    [TestCase("application/vnd.api+json")]
    [Contract("JSON in UTF-8")]
    public async Task Check_ContentTypeThatIsJson_IsAccepted(string contentType)
    {
        await Client.HasPolicyAsync("r", 10);

        (await CheckAsync(Content(Encoding.UTF8.GetBytes(ValidCheck), contentType))).MustBeOk();
    }

    [TestCase("text/html")]
    [TestCase("application/xml")]
    [TestCase("*/*")]
    [Contract("Responses are JSON, whatever the caller prefers")]
    public async Task AnyOperation_AcceptHeaderWithoutJson_AnswersJson(string accept)
    {
        await Client.HasPolicyAsync("r", 10);

        var check = await Client.SendAsync(
            HttpMethod.Post,
            "/check",
            ValidCheck,
            ("Accept", accept)
        );
        var problem = await Client.SendAsync(HttpMethod.Post, "/check", "{}", ("Accept", accept));

        Assert.That(check.MustBeOk().ContentType, Is.EqualTo("application/json"));
        problem.MustRefuse("user_id", "route_key");
    }

    [Test]
    [Contract("JSON in UTF-8")]
    public async Task AnyOperation_AcceptCharsetOfAnother_AnswersInUtf8()
    {
        await Client.HasPolicyAsync("r", 10);

        var policies = await Client.SendAsync(
            HttpMethod.Get,
            "/policy",
            (string?)null,
            ("Accept-Charset", "utf-16")
        );
        var problem = await Client.SendAsync(
            HttpMethod.Post,
            "/register",
            "{}",
            ("Accept-Charset", "utf-16")
        );

        Assert.That(policies.MustBeOk().Text, Does.Contain("route_key"));
        Assert.That(policies.Headers["Content-Type"], Does.Not.Contain("16"));
        problem.MustRefuse("name");
        Assert.That(problem.Headers["Content-Type"], Does.Not.Contain("16"));
    }

    [Test]
    [Contract("A chunk whose size is not a valid number")]
    public async Task AnyOperation_ChunkOfAnImpossibleSize_IsRefused()
    {
        var answer = await RawResponse.AskAsync(
            Service.Address,
            Encoding.ASCII.GetBytes(
                "POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\n"
            ),
            TimeSpan.FromSeconds(10)
        );

        Assert.That(answer?.Status, Is.EqualTo(400));
        Assert.That(answer!.Body, Does.Contain("\"The request is malformed.\""));
    }

    [Test]
    [Contract("Errors have a trace_id, each its own")]
    public async Task AnyError_Twice_HasTwoTraceIds()
    {
        var first = await Client.CheckAsync("u", "r");
        var second = await Client.CheckAsync("u", "r");

        Assert.That(second["trace_id"].GetString(), Is.Not.EqualTo(first["trace_id"].GetString()));
    }

    [Test]
    [Contract("A response does not disclose the server software")]
    public async Task AnyAnswer_Always_HasNoServerHeader()
    {
        Assert.That((await Client.GetAsync("/policy")).Headers.Keys, Has.None.EqualTo("Server"));
    }

    private Task<Answer> SendAsync(string operation, string body)
    {
        var parts = operation.Split(' ');
        return Client.SendAsync(new HttpMethod(parts[0]), parts[1], body);
    }

    private Task<Answer> CheckAsync(
        HttpContent content,
        params (string Name, string Value)[] headers
    ) => Client.SendAsync(HttpMethod.Post, "/check", content, headers);

    private static ByteArrayContent Content(byte[] body, string? contentType)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = contentType is null
            ? null
            : MediaTypeHeaderValue.Parse(contentType);
        return content;
    }
}
