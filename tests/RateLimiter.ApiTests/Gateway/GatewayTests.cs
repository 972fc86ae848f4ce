using System.Globalization;
using System.Text;

namespace RateLimiter.ApiTests.Gateway;

/// <summary>ANY /gateway/check, called as gateways call it.</summary>
[TestFixture]
public sealed class GatewayTests
{
    private const string Endpoint = "/gateway/check";

    private static readonly (string Name, string Value) Alice = ("X-RateLimit-User", "alice");
    private static readonly (string Name, string Value) Search = ("X-RateLimit-Route", "search");

    private Service service = null!;
    private TestClient client = null!;

    [SetUp]
    public async Task RegisterAsync()
    {
        (_, service) = await SharedServices.BehindProxyOfAsync();
        client = await TestClient.RegisterAsync(service, Addresses.NewIPv4());
    }

    [TestCase("GET")]
    [TestCase("HEAD")]
    [TestCase("POST")]
    [TestCase("PUT")]
    [TestCase("DELETE")]
    [TestCase("PATCH")]
    [TestCase("OPTIONS")]
    [TestCase("TRACE")]
    [TestCase("PURGE")]
    [Contract("ANY /gateway/check: 204 when allowed, 429 when denied, with the headers of a check")]
    public async Task GatewayCheck_AnyMethod_LetsPassUntilTheLimit(string method)
    {
        await client.HasPolicyAsync("search", 1);

        var allowed = await AskAsync(Endpoint, method, Alice, Search);
        var denied = await AskAsync(Endpoint, method, Alice, Search);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((allowed.Status, allowed.Text), Is.EqualTo((204, "")));
            Assert.That(allowed.Headers["RateLimit-Policy"], Is.EqualTo("\"default\";q=1;w=3600"));
            Assert.That(allowed.Headers["RateLimit"], Does.StartWith("\"default\";r=0;t="));
            Assert.That(allowed.Headers, Does.Not.ContainKey("Retry-After"));
            Assert.That(allowed.Headers["Cache-Control"], Is.EqualTo("no-store"));
            Assert.That(denied.Status, Is.EqualTo(429));
            Assert.That(denied.Headers["RateLimit"], Does.StartWith("\"default\";r=0;t="));
            Assert.That(
                int.Parse(denied.Headers["Retry-After"], CultureInfo.InvariantCulture),
                Is.InRange(1, 3600)
            );
            Assert.That(denied.Headers["Cache-Control"], Is.EqualTo("no-store"));
        }

        if (method != "HEAD")
        {
            denied.MustBeProblem(429);
            Assert.That(denied["detail"].GetString(), Is.EqualTo("Rate limit exceeded."));
        }
    }

    [TestCase("", 429)]
    [TestCase("?deny_status=429", 429)]
    [TestCase("?deny_status=403", 403)]
    public async Task GatewayCheck_Denied_AnswersAsAskedFor(string query, int status)
    {
        await client.HasPolicyAsync("search", 0);

        (await AskAsync(Endpoint + query, "GET", Alice, Search)).MustBeProblem(status);
    }

    [Test]
    [Contract("ANY /gateway/check?deny_status=403: with the headers of a check")]
    public async Task Door_DenyStatus403_HasTheHeadersOfACheck()
    {
        const string question = $"{Endpoint}?deny_status=403";
        await client.HasPolicyAsync("search", 1);

        var allowed = (await AskAsync(question, "GET", Alice, Search)).MustBeStatus(204);
        var denied = (await AskAsync(question, "GET", Alice, Search)).MustBeStatus(403);

        using (Assert.EnterMultipleScope())
        {
            foreach (var answer in new[] { allowed, denied })
            {
                Assert.That(answer.Headers["RateLimit"], Does.StartWith("\"default\";r=0;t="));
                Assert.That(answer.Headers["Cache-Control"], Is.EqualTo("no-store"));
            }

            Assert.That(denied.Headers, Contains.Key("Retry-After"));
        }
    }

    [TestCase("?deny_status=404", "deny_status")]
    [TestCase("?deny_status=", "deny_status")]
    [TestCase("?deny_status=no", "deny_status")]
    [TestCase("?no_policy=no", "no_policy")]
    [TestCase("?no_policy=NotFound", "no_policy")]
    [TestCase("?denystatus=403", "denystatus")]
    public async Task GatewayCheck_ParameterIsWrong_IsRefused(string query, string parameter) =>
        (await AskAsync(Endpoint + query, "GET", Alice, Search)).MustRefuse(parameter);

    [TestCase("", 404)]
    [TestCase("?no_policy=not_found", 404)]
    [TestCase("?no_policy=allow", 204)]
    public async Task GatewayCheck_NoPolicyApplies_AnswersAsAskedFor(string query, int status) =>
        (await AskAsync(Endpoint + query, "GET", Alice, Search)).MustBeStatus(status);

    [Test]
    [Contract("ANY /gateway/check: the same counters, logs and analytics as POST /check")]
    public async Task GatewayCheck_SameUserAndRoute_SharesTheCounterAndTheLogWithChecks()
    {
        await client.HasPolicyAsync("search", 10);
        await client.HasPolicyAsync("search", 20, role: "free");

        await AskAsync(Endpoint, "GET", Alice, Search, ("X-RateLimit-Cost", "4"));
        await AskAsync(Endpoint, "GET", Alice, Search, ("X-RateLimit-Role", "free"));

        Assert.That(await client.RemainingAsync("alice", "search"), Is.EqualTo(6));
        Assert.That(await client.RemainingAsync("alice", "search", "free"), Is.EqualTo(19));
        var logged = (await client.LogsAsync())[^1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(logged.GetProperty("user_id").GetString(), Is.EqualTo("alice"));
            Assert.That(logged.GetProperty("route").GetString(), Is.EqualTo("search"));
            Assert.That(logged.GetProperty("cost").GetInt64(), Is.EqualTo(4));
        }
    }

    [Test]
    [Contract("The caller's address behind trusted proxies, IPv6 by /64, as for registrations")]
    public async Task GatewayCheck_NoUser_IsTheCallerWhomTheProxySaw()
    {
        await client.HasPolicyAsync("search", 10);

        await AskAsync(Endpoint, "GET", Search, ("X-Forwarded-For", "198.51.100.9, 192.0.2.7"));
        await AskAsync(Endpoint, "GET", Search, ("X-Forwarded-For", "2001:db8:1:2:3:4:5:6"));
        await AskAsync(Endpoint, "GET", Search);

        Assert.That(await client.RemainingAsync("192.0.2.7", "search"), Is.EqualTo(9));
        Assert.That(await client.RemainingAsync("2001:db8:1:2::/64", "search"), Is.EqualTo(9));
        Assert.That(await client.RemainingAsync("127.0.0.1", "search"), Is.EqualTo(9));
    }

    [TestCase("X-Forwarded-Method", "X-Forwarded-Uri")]
    [TestCase("X-Original-Method", "X-Original-URI")]
    [TestCase("X-Original-Method", "X-Original-URL")]
    public async Task GatewayCheck_PathThatAPolicyNames_CountsThere(
        string methodHeader,
        string pathHeader
    )
    {
        await client.HasPolicyAsync("PUT /orders/5", 10);

        await AskAsync(
            Endpoint,
            "GET",
            Alice,
            (methodHeader, "PUT"),
            (pathHeader, "/orders/5?x=1")
        );
        await AskAsync(
            Endpoint,
            "GET",
            Alice,
            (methodHeader, "put"),
            (pathHeader, "//Orders/%35/")
        );

        Assert.That(await client.RemainingAsync("alice", "PUT /orders/5"), Is.EqualTo(8));
    }

    [Test]
    public async Task GatewayCheck_PathsWithoutEnd_ShareOneCounterOfTheCatchAll()
    {
        await client.HasPolicyAsync("*", 10);

        for (var i = 0; i < 3; i++)
        {
            var path = $"/{Guid.NewGuid()}{new string('x', 200 * i)}";
            (await AskAsync(Endpoint, "GET", Alice, ("X-Forwarded-Uri", path))).MustBeStatus(204);
            (await AskAsync(Endpoint + path, "GET", Alice)).MustBeOk();
        }

        Assert.That(await client.RemainingAsync("alice", "*"), Is.EqualTo(4));
        Assert.That(
            (await client.LogsAsync()).Select(entry => entry.GetProperty("route").GetString()),
            Is.All.EqualTo("*")
        );
    }

    [TestCase("/search", "GET /search")]
    [TestCase("/search?deny_status=77&no_policy=allow&a&a=1", "GET /search")]
    [TestCase("/?no_policy=allow", "GET /")]
    [TestCase("/", "GET /")]
    [TestCase("//", "GET /")]
    [TestCase("/../../health/live", "GET /health/live")]
    [TestCase("/%2e%2e/%2e%2e/health/live", "GET /health/live")]
    [TestCase("/..%2f..%2fhealth/live", "GET /health/live")]
    [TestCase("/../../../docs/", "GET /docs")]
    [TestCase("/../check?no_policy=allow", "GET /check")]
    [TestCase("/a/../search", "GET /search")]
    [Contract("ANY /gateway/check/…: the path of Envoy's request, whatever it contains")]
    public async Task GatewayCheck_PathBehindIt_IsWhatIsAskedAboutAndNoOtherEndpoint(
        string path,
        string route
    )
    {
        var unknown = await AskRawAsync(path);
        await client.HasPolicyAsync(route, 1);
        var allowed = await AskRawAsync(path);
        var denied = await AskRawAsync(path);

        Assert.That(
            (unknown, allowed, denied),
            Is.EqualTo((404, 200, 429)),
            "Envoy passes a request on after any 200."
        );
    }

    [Test]
    public async Task GatewayCheck_PathToldTwice_IsRefused() =>
        (
            await AskAsync(
                Endpoint,
                "GET",
                Alice,
                ("X-Forwarded-Uri", "/a"),
                ("X-Original-URI", "/b")
            )
        ).MustRefuse("X-Original-URI");

    [TestCase("X-RateLimit-Cost", "1.5")]
    [TestCase("X-RateLimit-Cost", "1000000001")]
    [TestCase("X-RateLimit-User", "256")]
    public async Task GatewayCheck_HeaderIsWrong_IsNamed(string header, string value) =>
        (
            await AskAsync(
                Endpoint,
                "GET",
                Search,
                (header, header == "X-RateLimit-User" ? "x".Times(257) : value)
            )
        ).MustRefuse(header);

    [Test]
    public async Task GatewayCheck_NamesInAnyScript_AreUtf8()
    {
        await client.HasPolicyAsync("søk", 10);

        var status = await AskRawAsync(
            "",
            "X-RateLimit-Route: søk\r\nX-RateLimit-User: Ærø 😀\r\n"
        );

        Assert.That(status, Is.EqualTo(204));
        Assert.That(await client.RemainingAsync("Ærø 😀", "søk"), Is.EqualTo(9));
    }

    [TestCase("image/png", 100)]
    [TestCase("application/json", 2_000_000)]
    [TestCase(null, 2_000_000)]
    [Contract("ANY /gateway/check: a body is ignored, whatever its type and size")]
    public async Task GatewayCheck_RequestWithABody_IsNeitherReadNorRefused(string? type, int size)
    {
        await client.HasPolicyAsync("search", 10);

        for (var left = 9; left > 6; left--)
        {
            using var body = new ByteArrayContent(new byte[size]);
            body.Headers.ContentType = type is null ? null : new(type);
            var answer = await client.SendAsync(HttpMethod.Post, Endpoint, body, Alice, Search);
            Assert.That(answer.MustBeStatus(204).Headers["RateLimit"], Does.Contain($"r={left};"));
        }
    }

    [Test]
    public async Task GatewayCheck_BodyOnAConnectionThatIsKept_LeavesNothingThere()
    {
        await client.HasPolicyAsync("search", 10);
        using var connection = await RawConnection.OpenAsync(service);

        await connection.SendAsync(
            $"POST {Endpoint} HTTP/1.1\r\nHost: x\r\nX-API-Key: {client.Key}\r\nX-RateLimit-Route: search\r\n"
                + $"Content-Length: 100000\r\n\r\n{"x".Times(100_000)}"
        );
        await connection.SendAsync(
            $"GET {Endpoint} HTTP/1.1\r\nHost: x\r\nX-API-Key: {client.Key}\r\nX-RateLimit-Route: search\r\n"
                + "Connection: close\r\n\r\n"
        );

        Assert.That(
            await connection.ReadToEndAsync(),
            Does.Match("(?s)^HTTP/1.1 204 .*;r=9;.*HTTP/1.1 204 .*;r=8;")
        );
    }

    [Test]
    [Contract("401 without a key, 403 without the scope check")]
    public async Task GatewayCheck_KeyIsNotGoodForIt_IsRefused()
    {
        var key = (
            await client.PostAsync("/keys", """{"name": "reader", "scopes": ["logs:read"]}""")
        ).MustBeOk();
        var reader = client.With(key["api_key"].GetString()!);

        (await reader.GetAsync(Endpoint)).MustBeProblem(403);
        (await new ApiClient(service).GetAsync(Endpoint)).MustBeProblem(401);
        (await new ApiClient(service).GetAsync($"{Endpoint}/a?b=c")).MustBeProblem(401);
    }

    private Task<Answer> AskAsync(
        string path,
        string method,
        params (string Name, string Value)[] headers
    ) => client.SendAsync(new HttpMethod(method), path, body: null, headers);

    /// <summary>Sends a path that no library has normalized.</summary>
    private async Task<int> AskRawAsync(string path, string headers = "X-RateLimit-User: alice\r\n")
    {
        var answer = await RawResponse.AskAsync(
            service.Address,
            Encoding.UTF8.GetBytes(
                $"GET {Endpoint}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: {client.Key}\r\n{headers}\r\n"
            ),
            TimeSpan.FromSeconds(20)
        );
        return answer!.Status;
    }
}
