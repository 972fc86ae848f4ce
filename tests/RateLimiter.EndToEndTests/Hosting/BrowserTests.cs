using System.Net;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Hosting;

/// <summary>Pages of other sites (CORS), and HTTP/2 without TLS: both are off unless configured.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class BrowserTests : IAsyncDisposable
{
    private const string Site = "https://app.example.org";

    private readonly int h2c = RedisServer.FreePort();
    private StoreHost host = null!;
    private Service service = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        host = await StoreHost.StartAnyAsync();
        service = await host.ServeAsync(
            ("Cors__Origins", $"{Site}, https://other.example.org:8443"),
            ("ASPNETCORE_URLS", $"http://127.0.0.1:0;http://127.0.0.1:{h2c}"),
            ("Server__H2cPort", $"{h2c}")
        );
    }

    public async ValueTask DisposeAsync() => await host.DisposeAsync();

    [TestCase(Site, "/check", Site)]
    [TestCase("https://other.example.org:8443", "/check", "https://other.example.org:8443")]
    [TestCase("https://elsewhere.example", "/check", null)]
    [TestCase(Site, "/dashboard/", null)]
    public async Task Preflight_Site_IsAllowedWhenItIsNamed(
        string origin,
        string path,
        string? allowed
    )
    {
        var answer = await new ApiClient(service).SendAsync(
            HttpMethod.Options,
            path,
            body: null,
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "x-api-key,content-type")
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Allowed(answer), Is.EqualTo(allowed));
            Assert.That(answer.Headers.Keys, Has.No.Member("Access-Control-Allow-Credentials"));
        }
    }

    [Test]
    public async Task Request_OfANamedSite_MayReadWhatIsAnsweredAndItsHeaders()
    {
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1);

        var check = await client.SendAsync(
            HttpMethod.Post,
            "/check",
            """{"user_id":"u","route_key":"r"}""",
            ("Origin", Site)
        );
        var refused = await new ApiClient(service).SendAsync(
            HttpMethod.Get,
            "/policy",
            body: null,
            ("Origin", Site)
        );

        refused.MustBeStatus(401);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Allowed(check.MustBeOk()), Is.EqualTo(Site));
            Assert.That(Allowed(refused), Is.EqualTo(Site));
            Assert.That(
                check.Headers["Access-Control-Expose-Headers"],
                Does.Contain("RateLimit").And.Contain("Retry-After").And.Contain("ETag")
            );
        }
    }

    [Test]
    public async Task Preflight_UnlessAsked_IsAnsweredAsBefore()
    {
        var (_, closed) = await SharedServices.OfAsync(Store.Redis);

        var answer = await new ApiClient(closed).SendAsync(
            HttpMethod.Options,
            "/check",
            body: null,
            ("Origin", Site),
            ("Access-Control-Request-Method", "POST")
        );

        answer.MustBeProblem(405);
        Assert.That(Allowed(answer), Is.Null);
    }

    [TestCase("GET", "/health/live")]
    [TestCase("HEAD", "/health/live")]
    [TestCase("HEAD", "/policy")]
    [TestCase("FOO", "/openapi.json")]
    public async Task Request_InHttp2WithoutTls_IsAnsweredAsAnyOther(string method, string path)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(
            new HttpMethod(method),
            $"http://127.0.0.1:{h2c}{path}"
        )
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using var response = await http.SendAsync(request);

        var other = await new ApiClient(service).SendAsync(new HttpMethod(method), path);
        Assert.That(
            (response.Version, (int)response.StatusCode),
            Is.EqualTo((HttpVersion.Version20, other.Status))
        );
    }

    private static string? Allowed(Answer answer) =>
        answer.Headers.GetValueOrDefault("Access-Control-Allow-Origin");
}
