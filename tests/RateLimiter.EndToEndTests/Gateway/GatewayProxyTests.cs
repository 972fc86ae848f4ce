using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>The configurations in <c>samples</c>, each in front of a backend, as a user of the gateway sees them.</summary>
[TestFixture(GatewayKind.Nginx)]
[TestFixture(GatewayKind.Caddy)]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class GatewayProxyTests(GatewayKind gateway)
{
    /// <summary>The policy name that the samples use.</summary>
    private const string Route = "api";

    private const int Limit = 2;

    private Backend backend = null!;
    private TestClient client = null!;
    private Service service = null!;
    private ProxyProcess proxy = null!;
    private int users;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        backend = await Backend.StartAsync();
        (_, service) = await SharedServices.BehindProxyOfAsync(Store.Redis);
        client = await TestClient.RegisterAsync(service, Addresses.NewIPv4());
        await client.HasPolicyAsync(Route, Limit);
        proxy = await StartAsync(service.Address.Authority, client.Key);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (proxy is not null)
        {
            await proxy.DisposeAsync();
        }

        if (backend is not null)
        {
            await backend.DisposeAsync();
        }
    }

    [Test]
    [Contract("ANY /gateway/check: requests up to the limit reach the backend, others do not")]
    public async Task Request_BeyondTheLimit_Is429AndDoesNotReachTheBackend()
    {
        using var user = NewUser();
        var path = NewPath();

        for (var left = Limit - 1; left >= 0; left--)
        {
            var passed = await SendAsync(user, HttpMethod.Get, path);
            Assert.That(passed.MustBeOk().Headers["RateLimit"], Does.Contain($";r={left};"));
            Assert.That(passed.Headers["RateLimit-Policy"], Does.Contain($";q={Limit};"));
        }

        var denied = await SendAsync(user, HttpMethod.Get, path);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(denied.Status, Is.EqualTo(429));
            Assert.That(
                int.Parse(denied.Headers["Retry-After"], CultureInfo.InvariantCulture),
                Is.InRange(1, 3600)
            );
            Assert.That(denied.Headers["RateLimit"], Does.Contain(";r=0;"));
            Assert.That(denied.Headers["RateLimit-Policy"], Does.Contain($";q={Limit};"));
            Assert.That(denied.ContentType, Is.EqualTo("application/problem+json"));
            Assert.That(denied["status"].GetInt32(), Is.EqualTo(429));
            Assert.That(backend.RequestsOf(path).Count(), Is.EqualTo(Limit));
        }
    }

    [Test]
    [Contract("ANY /gateway/check: the user is the caller's address")]
    public async Task Request_OtherUser_IsCountedApart()
    {
        using var user = NewUser();
        await UseUpAsync(user);
        using var other = NewUser();

        (await SendAsync(other, HttpMethod.Get, NewPath())).MustBeOk();
    }

    [TestCase("X-RateLimit-User", "somebody-else")]
    [TestCase("X-RateLimit-Route", "another")]
    [TestCase("X-RateLimit-Role", "free")]
    [TestCase("X-RateLimit-Cost", "0")]
    [TestCase("X-Forwarded-For", "192.0.2.1")]
    [TestCase("X-Forwarded-Uri", "/another")]
    [TestCase("X-Original-URI", "/another")]
    [TestCase("X-Original-Method", "PUT")]
    [TestCase("X-API-Key", "rl_mine")]
    [TestCase("Connection", "X-API-Key, X-RateLimit-Route, X-Forwarded-For")]
    [Contract("ANY /gateway/check: a user cannot speak for the gateway")]
    public async Task Request_HeadersOfTheGatewayFromTheUser_MakeNoDifference(
        string header,
        string value
    )
    {
        using var user = NewUser();
        await UseUpAsync(user);
        var path = NewPath();

        var answer = await SendAsync(user, HttpMethod.Get, path, headers: (header, value));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Status, Is.EqualTo(429));
            Assert.That(backend.RequestsOf(path), Is.Empty);
        }
    }

    [Test]
    [Contract("ANY /gateway/check: a user cannot speak for the gateway")]
    public async Task Request_QueryOfTheUser_IsNoPartOfTheQuestion()
    {
        using var user = NewUser();
        var path = $"{NewPath()}?no_policy=allow&deny_status=200&x=1";

        for (var i = 0; i < Limit; i++)
        {
            (await SendAsync(user, HttpMethod.Get, path)).MustBeOk();
        }

        Assert.That((await SendAsync(user, HttpMethod.Get, path)).Status, Is.EqualTo(429));
        Assert.That(backend.RequestsOf(path).Count(), Is.EqualTo(Limit));
    }

    [Test]
    public async Task Request_WithABody_ReachesTheBackendWhole()
    {
        var body = new string('x', 100_000);
        var path = NewPath();

        // On the same connections to the service: unread bytes of one request would corrupt the next.
        for (var i = 0; i < 6; i++)
        {
            using var user = NewUser();
            var answer = await SendAsync(user, HttpMethod.Post, path, body);
            Assert.That(answer.MustBeOk().Text, Is.EqualTo(body));
        }

        Assert.That(
            backend.RequestsOf(path),
            Has.Exactly(6).Items.And.All.EqualTo(("POST", path, body))
        );
    }

    [Test]
    public async Task Request_LargeUpload_IsAskedForAndReachesTheBackend()
    {
        // nginx limits bodies to 1 MB by default; the location has to raise it.
        (string, string)[] changes =
            gateway == GatewayKind.Nginx
                ? [("location / {", "location / { client_max_body_size 10m;")]
                : [];
        await using var generous = await StartAsync(service.Address.Authority, client.Key, changes);
        using var user = NewUser();
        var path = NewPath();
        var body = new string('x', 3 * 1024 * 1024);

        var answer = await SendAsync(user, HttpMethod.Post, path, body, to: generous);

        answer.MustBeOk();
        Assert.That(backend.RequestsOf(path).Single().Body, Has.Length.EqualTo(body.Length));
    }

    [Test]
    public async Task Request_RefusedByTheBackend_IsNoDenial()
    {
        using var user = NewUser();

        var answer = await SendAsync(user, HttpMethod.Post, "/forbidden", "Not you.");

        Assert.That((answer.Status, answer.Text), Is.EqualTo((403, "Not you.")));
    }

    [Test]
    public async Task Request_KeyIsWrong_DoesNotPass()
    {
        await using var stranger = await StartAsync(service.Address.Authority, "rl_nobody");
        using var user = NewUser();
        var path = NewPath();

        var answer = await SendAsync(user, HttpMethod.Get, path, to: stranger);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Status, Is.EqualTo(gateway == GatewayKind.Nginx ? 503 : 401));
            Assert.That(backend.RequestsOf(path), Is.Empty);
        }
    }

    [Test]
    public async Task Request_ServiceIsAway_DoesNotPass()
    {
        await using var alone = await StartAsync(Nowhere(), client.Key);
        using var user = NewUser();
        var path = NewPath();

        var answer = await SendAsync(user, HttpMethod.Get, path, to: alone);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Status, Is.EqualTo(503));
            Assert.That(answer.Headers, Contains.Key("Retry-After"));
            Assert.That(backend.RequestsOf(path), Is.Empty);
        }
    }

    [Test]
    public async Task Request_ServiceIsAwayAndTheGatewayFailsOpen_Passes()
    {
        await using var alone = await StartAsync(Nowhere(), client.Key, GatewaySample.FailsOpen);
        using var user = NewUser();
        var path = NewPath();

        var answer = await SendAsync(user, HttpMethod.Post, path, "body", to: alone);

        Assert.That(answer.MustBeOk().Text, Is.EqualTo("body"));
        Assert.That(backend.RequestsOf(path), Is.EqualTo(new[] { ("POST", path, "body") }));
    }

    [Test]
    [Contract("ANY /gateway/check: the route by the forwarded method and path")]
    public async Task Request_RouteByPath_IsCountedWhateverItsSpelling()
    {
        await client.HasPolicyAsync("POST /by-path", 1);
        await using var byPath = await StartAsync(
            service.Address.Authority,
            client.Key,
            (
                "proxy_set_header X-RateLimit-Route $ratelimit_route;",
                "proxy_set_header X-Original-Method $request_method; proxy_set_header X-Original-URI $request_uri;"
            ),
            ("header_up X-RateLimit-Route api", "")
        );
        using var user = NewUser();

        var first = await SendAsync(user, HttpMethod.Post, "/by-path?x=1", to: byPath);
        var second = await SendAsync(user, HttpMethod.Post, "/.//By-%50ath;v=1/?x=2", to: byPath);

        Assert.That((first.Status, second.Status), Is.EqualTo((200, 429)));
    }

    [Test]
    [Contract("ANY /gateway/check: a user cannot speak for the gateway")]
    public async Task Request_SubjectOfTheGateway_IsNotReplacedByTheUser()
    {
        await HasPolicyOfOrganisationsAsync();
        await using var ofAcme = await StartAsync(
            service.Address.Authority,
            client.Key,
            (
                "proxy_set_header X-RateLimit-Route $ratelimit_route;",
                "proxy_set_header X-RateLimit-Route by-org; proxy_set_header X-RateLimit-Subject-Org acme;"
            ),
            (
                "header_up X-RateLimit-Route api",
                "header_up X-RateLimit-Route by-org\nheader_up X-RateLimit-Subject-Org acme"
            )
        );
        using var first = NewUser();
        using var second = NewUser();
        var path = NewPath();

        (await SendAsync(first, HttpMethod.Get, NewPath(), to: ofAcme)).MustBeOk();
        var forged = await SendAsync(
            second,
            HttpMethod.Get,
            path,
            to: ofAcme,
            headers: ("X-RateLimit-Subject-Org", "globex")
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(forged.Status, Is.EqualTo(429));
            Assert.That(backend.RequestsOf(path), Is.Empty);
        }
    }

    [Test]
    [Contract("ANY /gateway/check: a user cannot speak for the gateway")]
    public async Task Request_SubjectThatOnlyTheUserNames_IsMissing()
    {
        await HasPolicyOfOrganisationsAsync();
        await using var ofNobody = await StartAsync(
            service.Address.Authority,
            client.Key,
            (
                "proxy_set_header X-RateLimit-Route $ratelimit_route;",
                "proxy_set_header X-RateLimit-Route by-org;"
            ),
            ("header_up X-RateLimit-Route api", "header_up X-RateLimit-Route by-org")
        );
        using var user = NewUser();
        var path = NewPath();

        var forged = await SendAsync(
            user,
            HttpMethod.Get,
            path,
            to: ofNobody,
            headers: ("x-ratelimit-subject-org", "globex")
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(forged.Status, Is.EqualTo(gateway == GatewayKind.Nginx ? 503 : 400));
            Assert.That(backend.RequestsOf(path), Is.Empty);
        }
    }

    private static string NewPath() => $"/{Guid.NewGuid()}";

    private static string Nowhere() => $"127.0.0.1:{RedisServer.FreePort()}";

    private async Task HasPolicyOfOrganisationsAsync() =>
        (
            await client.PostAsync(
                "/policy",
                """{"route_key": "by-org", "limit": 1, "window_seconds": 3600, "per": ["org"]}"""
            )
        ).MustBeOk();

    private async Task UseUpAsync(HttpClient user)
    {
        for (var i = 0; i < Limit; i++)
        {
            (await SendAsync(user, HttpMethod.Get, NewPath())).MustBeOk();
        }
    }

    /// <summary>A user with an address of their own: all of 127.0.0.0/8 is this machine.</summary>
    private HttpClient NewUser()
    {
        // Of this run alone, like the tenant.
        var address = new IPAddress([127, 0, 1, (byte)Interlocked.Increment(ref users)]);
        return new HttpClient(
            new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (context, cancellationToken) =>
                {
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                    socket.Bind(new IPEndPoint(address, 0));
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            }
        );
    }

    private async Task<Answer> SendAsync(
        HttpClient user,
        HttpMethod method,
        string path,
        string? body = null,
        ProxyProcess? to = null,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, new Uri((to ?? proxy).Address, path));
        request.Content = body is null ? null : new StringContent(body);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await user.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    private Task<ProxyProcess> StartAsync(
        string serviceAuthority,
        string key,
        params (string Old, string New)[] changes
    ) => GatewaySample.StartAsync(gateway, serviceAuthority, key, backend, changes);
}
