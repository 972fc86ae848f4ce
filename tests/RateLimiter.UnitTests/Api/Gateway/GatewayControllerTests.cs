using MediatR;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Gateway;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Gateway;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class GatewayControllerTests
{
    private readonly Mock<IMediator> mediator = new();

    [TestCase(0, 403, 204)]
    [TestCase(1, 403, 403)]
    [TestCase(1, 429, 429)]
    public async Task Check_Decision_IsTheStatus(long wait, int denyStatus, int status)
    {
        SetUp(
            new CheckOutcome<Decision>(TestData.Decision(TestData.Policy(), TestData.Status(wait)))
        );
        var controller = Controller();

        var answer = await controller.CheckAsync(denyStatus);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(StatusOf(answer), Is.EqualTo(status));
            Assert.That(controller.Response.Headers, Contains.Key("RateLimit"));
            Assert.That(controller.Response.Headers.CacheControl, Is.EqualTo("no-store"));
        }
    }

    [TestCase(403)]
    [TestCase(429)]
    public async Task Check_DeniedOnlyBecauseTheStoreIsAway_IsUnavailable(int denyStatus)
    {
        SetUp(new CheckOutcome<Decision>(Uncounted(TestData.Policy())));
        var controller = Controller();

        var answer = await controller.CheckAsync(denyStatus);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Problem().Status, Is.EqualTo(503));
            Assert.That(answer.Problem().Detail, Does.Not.Contain("store").IgnoreCase);
            Assert.That(controller.Response.Headers.RetryAfter, Is.EqualTo("1"));
            Assert.That(controller.Response.Headers, Does.Not.ContainKey("RateLimit"));
            Assert.That(controller.Response.Headers, Does.Not.ContainKey("RateLimit-Policy"));
        }
    }

    [Test]
    public async Task Check_CanNeverPassAndTheStoreIsAway_IsADenial()
    {
        SetUp(
            new CheckOutcome<Decision>(
                Uncounted(TestData.Policy(limits: TestData.Limit(permits: 0)))
            )
        );

        var answer = await Controller().CheckAsync(403);

        Assert.That(StatusOf(answer), Is.EqualTo(403));
    }

    [TestCase(403)]
    [TestCase(429)]
    public async Task Check_QuotaOfTheClientIsUsedUp_IsNoDenialOfTheUser(int denyStatus)
    {
        SetUp(new CheckOutcome<Decision>(null, TimeSpan.FromMilliseconds(1500)));
        var controller = Controller();

        var answer = await controller.CheckAsync(denyStatus);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Problem().Status, Is.EqualTo(503));
            Assert.That(controller.Response.Headers.RetryAfter, Is.EqualTo("2"));
        }
    }

    [TestCase(NoPolicyResponse.NotFound, 404)]
    [TestCase(NoPolicyResponse.Allow, 204)]
    public async Task Check_NoPolicyApplies_IsAsAskedFor(NoPolicyResponse noPolicy, int status)
    {
        SetUp(default);

        var answer = await Controller().CheckAsync(noPolicy: noPolicy);

        Assert.That(StatusOf(answer), Is.EqualTo(status));
    }

    [TestCase(0, 200)]
    [TestCase(1, 429)]
    public async Task CheckPath_Decision_IsWhatEnvoyUnderstands(long wait, int status)
    {
        SetUp(
            new CheckOutcome<Decision>(TestData.Decision(TestData.Policy(), TestData.Status(wait)))
        );

        var answer = await Controller("/gateway/check/a").CheckPathAsync("a");

        Assert.That(StatusOf(answer), Is.EqualTo(status));
    }

    [TestCase("/gateway/check")]
    [TestCase("/gateway/check?/")]
    [TestCase("/gateway/checks/a")]
    [TestCase("/policy")]
    [TestCase("http://localhost/gateway/check")]
    [TestCase("http://gateway")]
    [TestCase("gateway/check/a")]
    [TestCase("*")]
    [TestCase("")]
    public void PathBelow_NothingStandsThere_IsNull(string target) =>
        Assert.That(GatewayPath.ForwardedPath(Controller(target).HttpContext), Is.Null);

    [TestCase("/gateway/check/", "/")]
    [TestCase("/gateway/check/a/../..?b", "/a/../..?b")]
    [TestCase("/Gateway/Check//a", "//a")]
    [TestCase("http://localhost/gateway/check/../a", "/../a")]
    public void PathBelow_Path_IsAsItWasSent(string target, string path) =>
        Assert.That(GatewayPath.ForwardedPath(Controller(target).HttpContext), Is.EqualTo(path));

    private static Decision Uncounted(Policy policy) =>
        Decision.Uncounted(policy, 1, allowed: false, TestData.Moment, TimeSpan.FromSeconds(1));

    private static int? StatusOf(IActionResult answer) =>
        answer is StatusCodeResult { StatusCode: var status } ? status : answer.Problem().Status;

    private void SetUp(CheckOutcome<Decision> outcome) =>
        mediator
            .Setup(it => it.Send(It.IsAny<CheckCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(outcome);

    private GatewayController Controller(string target = "/gateway/check")
    {
        var context = Requests.ContextOfClient();
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        return new GatewayController(mediator.Object)
        {
            ControllerContext = new() { HttpContext = context },
        };
    }
}
