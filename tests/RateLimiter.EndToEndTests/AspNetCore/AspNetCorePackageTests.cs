using System.Net;
using System.Text.Json;

namespace RateLimiter.EndToEndTests.AspNetCore;

/// <summary>The package for ASP.NET Core, in the sample that docs/client.md shows.</summary>
public sealed class AspNetCorePackageTests
{
    [Test]
    public async Task Sample_OneRequestTooMany_Is429WithRetryAfterAndLimits()
    {
        var (_, service) = await SharedServices.OfAsync(Store.Embedded);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("search", limit: 2);
        await using var app = await SampleApp.StartAsync(
            ("RateLimiter__BaseAddress", $"{service.Address}"),
            ("RateLimiter__ApiKey", client.Key),
            ("RateLimiter__Timeout", "00:00:30"),
            ("RateLimiter__AttemptTimeout", "00:00:30")
        );

        var left = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var allowed = await SearchAsync(app, "alice");
            Assert.That(allowed.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(
                allowed.Headers.GetValues("RateLimit-Policy"),
                Is.EqualTo(["\"default\";q=2"])
            );
            left.Add(allowed.Headers.GetValues("RateLimit").Single().Split(';')[1]);
        }

        using var denied = await SearchAsync(app, "alice");
        using var other = await SearchAsync(app, "bob");
        var problem = JsonDocument.Parse(await denied.Content.ReadAsStringAsync()).RootElement;

        Assert.That(left, Is.EqualTo(["r=1", "r=0"]));
        Assert.That(denied.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
        Assert.That(denied.Headers.RetryAfter!.Delta!.Value.TotalSeconds, Is.InRange(3500, 3600));
        Assert.That(denied.Headers.GetValues("RateLimit-Policy"), Is.EqualTo(["\"default\";q=2"]));
        Assert.That(
            denied.Headers.GetValues("RateLimit").Single(),
            Does.Match("^\"default\";r=0;t=3[56][0-9]{2}$")
        );
        Assert.That(problem.GetProperty("detail").GetString(), Is.EqualTo("Rate limit exceeded"));
        Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await client.RemainingAsync("bob", "search"), Is.EqualTo(1), "Taken once.");
    }

    [Test]
    public async Task Sample_LimitOfAnOrganisation_CountsAllItsUsers()
    {
        var (_, service) = await SharedServices.OfAsync(Store.Embedded);
        var client = await TestClient.RegisterAsync(service);
        (
            await client.PostAsync(
                "/policy",
                """{"route_key": "search", "limit": 1, "window_seconds": 3600, "per": ["org"]}"""
            )
        ).MustBeOk();
        await using var app = await SampleApp.StartAsync(
            ("RateLimiter__BaseAddress", $"{service.Address}"),
            ("RateLimiter__ApiKey", client.Key),
            ("RateLimiter__Timeout", "00:00:30"),
            ("RateLimiter__AttemptTimeout", "00:00:30")
        );

        using var first = await SearchAsync(app, "alice", "acme");
        using var second = await SearchAsync(app, "bob", "acme");
        using var elsewhere = await SearchAsync(app, "bob", "globex");

        Assert.That(
            (first.StatusCode, second.StatusCode, elsewhere.StatusCode),
            Is.EqualTo((HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.OK))
        );
    }

    [Test]
    public async Task Sample_ServiceUnreachable_LetsRequestsPass()
    {
        await using var app = await SampleApp.StartAsync(
            // Nothing can listen at a privileged port.
            ("RateLimiter__BaseAddress", "http://127.0.0.1:1"),
            ("RateLimiter__ApiKey", "none")
        );

        using var answer = await SearchAsync(app, "alice");

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Sample_InTheClientsPage_IsTheFile()
    {
        var sample = await File.ReadAllTextAsync(
            RepositoryFile.Of("samples/aspnetcore/Program.cs")
        );

        var page = await File.ReadAllTextAsync(RepositoryFile.Of("docs/client.md"));

        Assert.That(page, Does.Contain($"```csharp\n{sample}```"));
    }

    private static async Task<HttpResponseMessage> SearchAsync(
        SampleApp app,
        string user,
        string organisation = ""
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/search");
        request.Headers.Add("X-User", user);
        request.Headers.Add("X-Organisation", organisation);
        return await app.Http.SendAsync(request);
    }
}
