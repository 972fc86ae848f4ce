namespace RateLimiter.EndToEndTests.Hosting;

/// <summary>A service that a proxy serves below a path prefix, which the proxy strips and sends in a header.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class BelowAPathTests
{
    private const string Header = "X-Forwarded-Prefix";
    private static readonly (string Name, string Value) Below = (Header, "/limits");

    private Service behindProxy = null!;
    private Service alone = null!;
    private TestClient client = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        (_, behindProxy) = await SharedServices.BehindProxyOfAsync(Store.Redis);
        (_, alone) = await SharedServices.OfAsync(Store.Redis);
        client = await TestClient.RegisterAsync(behindProxy, Addresses.NewIPv4());
    }

    [TestCase("/docs", "/limits/docs/index.html?url=/limits/openapi.json")]
    [TestCase("/docs/", "/limits/docs/index.html?url=/limits/openapi.json")]
    [TestCase("/dashboard", "/limits/dashboard/sign-in?return=%2Flimits%2Fdashboard")]
    [TestCase("/dashboard/", "/limits/dashboard/sign-in?return=%2Flimits%2Fdashboard%2F")]
    public async Task Page_BelowAPath_LeadsToWhereItIsBelowIt(string path, string location)
    {
        var answer = await new DashboardVisitor(behindProxy).GetAsync(path, Below);

        answer.MustBeStatus(302);
        Assert.That(answer.Headers["Location"], Is.EqualTo(location));
    }

    [Test]
    public async Task Dashboard_BelowAPath_CanBeUsed()
    {
        var visitor = new DashboardVisitor(behindProxy);

        var signedIn = await visitor.SignInAsync(client.Key, "/limits/dashboard/logs", Below);
        var page = await visitor.GetAsync("/dashboard/logs", Below);
        var signedOut = await visitor.SignOutAsync(Below);

        signedIn.MustBeStatus(303);
        signedOut.MustBeStatus(303);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(signedIn.Headers["Location"], Is.EqualTo("/limits/dashboard/logs"));
            Assert.That(signedIn.Headers["Set-Cookie"], Does.Contain("path=/limits/dashboard;"));
            Assert.That(
                page.MustBeOk().Text,
                Does.Contain("<base href=\"/limits/dashboard/\"").And.Not.Contain("=\"/dashboard")
            );
            Assert.That(
                signedOut.Headers["Location"],
                Is.EqualTo("/limits/dashboard/sign-in?out=true")
            );
        }
    }

    [Test]
    public async Task Home_BelowAPath_LeadsToTheDashboardAndTheDocuments() =>
        Assert.That(
            (await new DashboardVisitor(behindProxy).GetAsync("/", Below)).MustBeOk().Text,
            Does.Contain("href=\"/limits/dashboard/\"").And.Contain("href=\"/limits/docs/\"")
        );

    [TestCase("//elsewhere.example")]
    [TestCase("https://elsewhere.example")]
    [TestCase("/\\elsewhere.example")]
    [TestCase("/a/../b")]
    [TestCase("/a\"><script>")]
    [TestCase("/%2Felsewhere.example")]
    [TestCase("limits")]
    [TestCase("/")]
    public async Task Page_PrefixThatIsNoPath_IsNotBelieved(string prefix)
    {
        var visitor = new DashboardVisitor(behindProxy);

        var docs = await visitor.GetAsync("/docs", (Header, prefix));
        var dashboard = await visitor.GetAsync("/dashboard/", (Header, prefix));

        Assert.That(docs.Headers["Location"], Does.StartWith("/docs/index.html"));
        Assert.That(dashboard.Headers["Location"], Does.StartWith("/dashboard/sign-in?"));
    }

    [Test]
    public async Task Page_PrefixFromNoProxy_IsNotBelieved()
    {
        var visitor = new DashboardVisitor(alone);

        var docs = await visitor.GetAsync("/docs", Below);
        var dashboard = await visitor.GetAsync("/dashboard/", Below);

        Assert.That(docs.Headers["Location"], Does.StartWith("/docs/index.html"));
        Assert.That(dashboard.Headers["Location"], Does.StartWith("/dashboard/sign-in?"));
    }

    [Test]
    public async Task Home_OfAService_LeadsToTheDashboardAndTheDocuments()
    {
        var answer = await new ApiClient(alone).GetAsync("/");

        Assert.That(answer.MustBeOk().Headers["Content-Type"], Does.StartWith("text/html"));
        Assert.That(
            answer.Text,
            Does.Contain("href=\"/dashboard/\"").And.Contain("href=\"/docs/\"")
        );
    }
}
