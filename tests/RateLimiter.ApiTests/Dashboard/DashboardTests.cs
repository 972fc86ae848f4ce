using System.Net.WebSockets;
using System.Text.RegularExpressions;

namespace RateLimiter.ApiTests.Dashboard;

/// <summary>The HTTP behaviour of /dashboard; the pages are tested in a browser.</summary>
public sealed partial class DashboardTests : ServiceFixture
{
    private DashboardVisitor visitor = null!;

    [SetUp]
    public void Visit() => visitor = new DashboardVisitor(Service);

    [TestCase("/dashboard", "/dashboard")]
    [TestCase("/dashboard/", "/dashboard/")]
    [TestCase("/dashboard/logs?user=a%26b", "/dashboard/logs?user=a%26b")]
    [TestCase("/dashboard/nothing/there", "/dashboard/nothing/there")]
    public async Task Page_OfNobody_LeadsToTheSignInPage(string path, string returnTo)
    {
        var answer = await visitor.GetAsync(path);

        answer.MustBeStatus(302);
        Assert.That(
            answer.Headers["Location"],
            Is.EqualTo($"/dashboard/sign-in?return={Uri.EscapeDataString(returnTo)}")
        );
    }

    [Test]
    public async Task SignIn_ValidKey_GivesACookieThatScriptsAndOtherSitesDoNotGet()
    {
        var answer = await visitor.SignInAsync(Client.Key, "/dashboard/logs");

        answer.MustBeStatus(303);
        Assert.That(answer.Headers["Location"], Is.EqualTo("/dashboard/logs"));
        var cookie = answer.Headers["Set-Cookie"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cookie, Does.Contain("ratelimiter-session="));
            Assert.That(cookie, Does.Contain("path=/dashboard"));
            Assert.That(cookie, Does.Contain("samesite=strict"));
            Assert.That(cookie, Does.Contain("httponly"));
            Assert.That(cookie, Does.Not.Contain(Client.Key));
        }
    }

    [TestCase("")]
    [TestCase("https://example.org/")]
    [TestCase("//example.org/")]
    [TestCase("/dashboard.example.org")]
    [TestCase("/dashboard//example.org\\@")]
    [TestCase("/dashboard/\r\nSet-Cookie: a=b")]
    [TestCase("javascript:alert(1)")]
    public async Task SignIn_ReturnElsewhere_LeadsToTheOverview(string returnTo)
    {
        var answer = await visitor.SignInAsync(Client.Key, returnTo);

        answer.MustBeStatus(303);
        Assert.That(answer.Headers["Location"], Is.EqualTo("/dashboard/"));
    }

    [Test]
    public async Task Pages_SignedIn_HaveTheirLayoutAtOnce()
    {
        await visitor.SignInAsync(Client.Key);

        foreach (var path in new[] { "/dashboard", "/dashboard/", "/dashboard/logs" })
        {
            var page = (await visitor.GetAsync(path)).MustBeOk();

            Assert.That(page.Text, Does.Contain("<h1").And.Contain("<nav").And.Contain(Client.Id));
            Assert.That(page.Text, Does.Not.Contain(Client.Key));
        }
    }

    [Test]
    public async Task Page_ThatIsNone_IsNotFoundWithALayout()
    {
        await visitor.SignInAsync(Client.Key);

        var answer = await visitor.GetAsync("/dashboard/nothing/there");

        answer.MustBeStatus(404);
        Assert.That(answer.Text, Does.Contain("Page not found").And.Contain("<nav"));
    }

    [TestCase("")]
    [TestCase("not a key")]
    [TestCase("rl_AAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task SignIn_WrongKey_IsRefusedAndGivesNoSession(string key)
    {
        var answer = await visitor.SignInAsync(key);

        answer.MustBeStatus(401);
        Assert.That(answer.Text, Does.Contain("role=\"alert\""));
        Assert.That(visitor.HasSession, Is.False);
    }

    [Test]
    public async Task Forms_WithoutTheirToken_AreRefused()
    {
        var signIn = await visitor.SendFormAsync(
            DashboardVisitor.SignInPath,
            [],
            ("key", Client.Key)
        );
        await visitor.SignInAsync(Client.Key);
        var signOut = await visitor.SendFormAsync("/dashboard/sign-out", []);

        signIn.MustBeStatus(400);
        signOut.MustBeStatus(400);
        Assert.That(visitor.HasSession, Is.True);
    }

    [Test]
    public async Task SignOut_Always_EndsTheSession()
    {
        await visitor.SignInAsync(Client.Key);

        var answer = await visitor.SignOutAsync();

        answer.MustBeStatus(303);
        Assert.That(visitor.HasSession, Is.False);
        (await visitor.GetAsync("/dashboard/")).MustBeStatus(302);
    }

    [Test]
    public async Task SignOut_Always_EndsCopiesOfTheCookieToo()
    {
        await visitor.SignInAsync(Client.Key);
        var copy = visitor.On(Service);
        var other = new DashboardVisitor(Service);
        await other.SignInAsync(Client.Key);
        (await copy.GetAsync("/dashboard/")).MustBeOk();

        await visitor.SignOutAsync();

        (await copy.GetAsync("/dashboard/")).MustBeStatus(302);
        // Another session of the same key is not affected.
        (await other.GetAsync("/dashboard/")).MustBeOk();
    }

    [Test]
    public async Task Page_KeyDeletedMeanwhile_LeadsToTheSignInPageThatSaysSo()
    {
        var made = (
            await Client.PostAsync("/keys", """{"name":"mine","scopes":["logs:read"]}""")
        ).Body;
        await visitor.SignInAsync(made.GetProperty("api_key").GetString()!);
        var id = made.GetProperty("key_id").GetString();
        await Client.SendAsync(HttpMethod.Delete, $"/keys/{id}");

        var answer = await visitor.GetAsync("/dashboard/logs");

        answer.MustBeStatus(302);
        Assert.That(visitor.HasSession, Is.False);
        var page = await visitor.GetAsync(answer.Headers["Location"]);
        Assert.That(page.MustBeOk().Text, Does.Contain("no longer valid"));
    }

    [TestCase("/dashboard/")]
    [TestCase("/dashboard/sign-in")]
    [TestCase("/dashboard/_content/RateLimiter.Dashboard/styles/base.css")]
    [TestCase("/dashboard/nothing")]
    public async Task Any_Answer_SaysWhatABrowserMayDo(string path)
    {
        var headers = (await visitor.GetAsync(path)).Headers;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                headers["Content-Security-Policy"].Split("; "),
                Is.SupersetOf([
                    "default-src 'none'",
                    "script-src 'self'",
                    "connect-src 'self'",
                    "form-action 'self'",
                    "frame-ancestors 'none'",
                ])
            );
            Assert.That(headers["X-Content-Type-Options"], Is.EqualTo("nosniff"));
            Assert.That(headers["Cross-Origin-Opener-Policy"], Is.EqualTo("same-origin"));
        }
    }

    [Test]
    public async Task Files_LinkedFromAPage_AreThereAndKept()
    {
        await visitor.SignInAsync(Client.Key);
        var page = (await visitor.GetAsync("/dashboard/")).Text;
        var files = Linked().Matches(page).Select(match => match.Groups[1].Value).ToList();

        Assert.That(page, Does.Not.Match(@"<script(?![^>]* src=)|<style|\son\w+="));
        Assert.That(files, Has.Count.GreaterThan(6).And.None.Contains("//"));
        foreach (var file in files)
        {
            var answer = (await visitor.GetAsync($"/dashboard/{file}")).MustBeOk();
            Assert.That(
                answer.Headers["Cache-Control"],
                Does.Contain("immutable").Or.EqualTo("no-cache"),
                file
            );
            Assert.That(answer.Headers["ETag"], Is.Not.Empty, file);
        }
    }

    [TestCase("https://example.org")]
    [TestCase("null")]
    [TestCase("http://127.0.0.1:1")]
    public async Task Any_FromAnotherOrigin_IsRefused(string origin)
    {
        await visitor.SignInAsync(Client.Key);

        var page = await visitor.GetAsync("/dashboard/", ("Origin", origin));
        var form = await visitor.SendFormAsync("/dashboard/sign-out", [("Origin", origin)]);

        page.MustBeProblem(403);
        form.MustBeProblem(403);
        Assert.That(visitor.HasSession, Is.True);
    }

    [TestCase("https://example.org", 403)]
    [TestCase(null, 401)]
    public async Task Connection_OfNobodyOrElsewhere_IsRefused(string? origin, int status)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin);
        }

        var address = new UriBuilder(Service.Address)
        {
            Scheme = "ws",
            Path = "/dashboard/_blazor",
        };

        Assert.That(
            () => socket.ConnectAsync(address.Uri, CancellationToken.None),
            Throws.TypeOf<WebSocketException>()
        );
        Assert.That((int)socket.HttpStatusCode, Is.EqualTo(status));
    }

    [GeneratedRegex("(?:href|src)=\"([^\"#:]+\\.(?:css|js|svg))\"")]
    private static partial Regex Linked();
}
