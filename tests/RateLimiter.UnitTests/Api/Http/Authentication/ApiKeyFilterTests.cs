using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;
using Moq;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Api.Http.Authentication;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApiKeyFilterTests
{
    private static readonly (ApiKey Key, string Text) Own = ApiKey.Generate(TestData.Client);
    private static readonly ClientSnapshot Client = TestData.Snapshot(
        TestData.Client,
        keys: [Own.Key.Hash]
    );

    private readonly Mock<IClientRepository> store = new();
    private readonly AdministrativeRate administration = TestData.AdministrativeRate(
        new QuotaOptions { AdministrativeCallsPerSecond = 1, AdministrativeBurst = 1 }
    );

    public ApiKeyFilterTests() => Has(Client);

    [Test]
    public async Task OnAuthorization_ValidKey_LetsItsClientIn()
    {
        var context = await AuthorizeAsync(Own.Text);

        Assert.That(context.Result, Is.Null);
        Assert.That(context.HttpContext.Client(), Is.SameAs(Client));
    }

    [Test]
    public async Task OnAuthorization_NoHeader_Is401AndSaysThatItIsMissing()
    {
        var context = await AuthorizeAsync(StringValues.Empty);

        AssertRefused(context, "The header X-API-Key is missing.");
    }

    private static IEnumerable<TestCaseData<string[]>> KeysThatAreNone()
    {
        yield return new([""]) { TestName = "{m}(empty)" };
        yield return new(["rl_nonsense"]) { TestName = "{m}(no key)" };
        yield return new([ApiKey.Generate(TestData.Client).Text])
        {
            TestName = "{m}(other secret)",
        };
        yield return new([ApiKey.Generate(ClientId.New()).Text])
        {
            TestName = "{m}(unknown client)",
        };
        yield return new([$"{Own.Text}, {Own.Text}"]) { TestName = "{m}(two in one)" };
        yield return new([Own.Text, Own.Text]) { TestName = "{m}(two headers)" };
        yield return new(["", Own.Text]) { TestName = "{m}(empty and valid)" };
    }

    [TestCaseSource(nameof(KeysThatAreNone))]
    public async Task OnAuthorization_InvalidHeader_Is401AndSaysThatItIsInvalid(string[] keys) =>
        AssertRefused(
            await AuthorizeAsync(keys),
            "The header X-API-Key does not hold a valid API key."
        );

    [Test]
    public async Task OnAuthorization_ActionWithoutAScope_WantsAdmin()
    {
        Has(
            Client with
            {
                Keys = new KeyRing([TestData.Key(Own.Key.Hash, Scopes.Check | Scopes.PolicyWrite)]),
            }
        );

        var problem = (await AuthorizeAsync(Own.Text)).Result.Problem();

        Assert.That(problem.Status, Is.EqualTo(403));
        Assert.That(problem.Detail, Does.Contain("admin"));
    }

    [Test]
    public async Task OnAuthorization_Anonymous_LetsEverybodyInWithoutTheStore()
    {
        var context = await AuthorizeAsync(Own.Text, new AllowAnonymousAttribute());

        Assert.That(context.Result, Is.Null);
        store.VerifyNoOtherCalls();
    }

    [Test]
    public void OnAuthorization_StoreUnavailable_IsNot401()
    {
        store.SetupFind(TestData.Client).ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(() => AuthorizeAsync(Own.Text), Throws.TypeOf<StoreUnavailableException>());
    }

    [Test]
    public async Task OnAuthorization_TooManyAdministrativeCalls_Is429WithRetryAfter()
    {
        await AuthorizeAsync(Own.Text);

        var context = await AuthorizeAsync(Own.Text);

        MustBeTooMany(context, "Too many administrative calls of this client.");
    }

    [Test]
    public async Task OnAuthorization_TooManyCallsWithoutAKey_Is429WithRetryAfter()
    {
        await AuthorizeAsync(StringValues.Empty, new AllowAnonymousAttribute());

        var context = await AuthorizeAsync(StringValues.Empty, new AllowAnonymousAttribute());

        MustBeTooMany(context, "Too many administrative calls from this address.");
    }

    [Test]
    public async Task OnAuthorization_Checks_HaveNoAdministrativeRate()
    {
        await AuthorizeAsync(Own.Text);

        for (var i = 0; i < 10; i++)
        {
            var context = await AuthorizeAsync(Own.Text, new NotAdministrativeAttribute());
            Assert.That(context.Result, Is.Null);
        }
    }

    [Test]
    public async Task OnAuthorization_WrongKeys_DoNotUseUpTheAddress()
    {
        for (var i = 0; i < 10; i++)
        {
            await AuthorizeAsync("rl_nonsense");
        }

        Assert.That((await AuthorizeAsync(Own.Text)).Result, Is.Null);
    }

    private static void MustBeTooMany(AuthorizationFilterContext context, string detail)
    {
        var problem = context.Result.Problem();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem.Status, Is.EqualTo(429));
            Assert.That(problem.Detail, Is.EqualTo(detail));
            Assert.That(
                context.HttpContext.Response.Headers.RetryAfter.ToString(),
                Is.EqualTo("1")
            );
            Assert.That(context.HttpContext.Features.Get<AuthenticatedCaller>(), Is.Null);
        }
    }

    private static void AssertRefused(AuthorizationFilterContext context, string detail)
    {
        var problem = context.Result.Problem();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem.Status, Is.EqualTo(401));
            Assert.That(problem.Detail, Is.EqualTo(detail));
            Assert.That(
                context.HttpContext.Response.Headers.WWWAuthenticate.ToString(),
                Is.EqualTo("ApiKey")
            );
            Assert.That(context.HttpContext.Features.Get<AuthenticatedCaller>(), Is.Null);
        }
    }

    private void Has(ClientSnapshot client) =>
        store.SetupFind(TestData.Client).ReturnsAsync(client);

    private async Task<AuthorizationFilterContext> AuthorizeAsync(
        StringValues keys,
        params object[] metadata
    )
    {
        var http = Requests.Context();
        http.Request.Headers["X-API-Key"] = keys;
        http.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(metadata), null));
        var context = new AuthorizationFilterContext(
            new(http, new RouteData(), new ActionDescriptor()),
            []
        );
        await new ApiKeyFilter(
            TestData.Authenticator(store.Object),
            administration
        ).OnAuthorizationAsync(context);
        return context;
    }
}
