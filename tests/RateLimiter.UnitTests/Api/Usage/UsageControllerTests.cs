using MediatR;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Usage;
using RateLimiter.Application.Usage;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.UnitTests.Api.Usage;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UsageControllerTests
{
    private static readonly ClientSnapshot Client = TestData.Snapshot(TestData.Client);

    private readonly Mock<IMediator> mediator = new(MockBehavior.Strict);

    [TestCase(null, "default")]
    [TestCase("free", "free")]
    public async Task Get_Role_IsTheDefaultOneWhenLeftOut(string? role, string sent)
    {
        var decision = TestData.Decision(TestData.Policy(), TestData.Status(used: 3));
        mediator
            .Setup(it =>
                it.Send(
                    new UsageQuery(Client, "alice", "search", sent),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(decision);
        var controller = Controller();

        var answer = await controller.GetAsync("alice", "search", role, CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Value!.Used, Is.EqualTo(3));
            Assert.That(controller.Response.Headers, Contains.Key("RateLimit"));
        }
    }

    [Test]
    public async Task Get_NoPolicyApplies_Is404()
    {
        mediator
            .Setup(it => it.Send(It.IsAny<UsageQuery>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(value: null);

        var answer = await Controller().GetAsync("alice", "search", null, CancellationToken.None);

        Assert.That(answer.Result.Problem().Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Refund_Check_GivesItsCostBack()
    {
        mediator
            .Setup(it =>
                it.Send(
                    new RefundCommand(Client, new Check("alice", "search", "default", 7)),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(TestData.Decision(TestData.Policy(), TestData.Status(remaining: 8)));

        var answer = await RefundAsync(new CheckRequest("alice", "search", null, 7));

        Assert.That(((DecisionResult)answer).Decision!.Remaining, Is.EqualTo(8));
    }

    [Test]
    public async Task Refund_NoPolicyApplies_IsAnswerWithoutDecision()
    {
        mediator
            .Setup(it => it.Send(It.IsAny<RefundCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(value: null);

        var answer = await RefundAsync(new CheckRequest("alice", "search", null));

        Assert.That(((DecisionResult)answer).Decision, Is.Null);
    }

    [Test]
    public async Task Refund_InvalidRequest_Is400AndIsNotSent()
    {
        var answer = await RefundAsync(new CheckRequest("alice", "search", null, -1));

        var problem = (ValidationProblemDetails)answer.Problem();
        Assert.That(problem.Errors.Keys, Is.EqualTo(new[] { "cost" }));
    }

    [TestCase(null, "default", true, 204)]
    [TestCase("free", "free", true, 204)]
    [TestCase(null, "default", false, 404)]
    public async Task Reset_User_SaysWhetherAPolicyApplied(
        string? role,
        string sent,
        bool found,
        int status
    )
    {
        mediator
            .Setup(it =>
                it.Send(
                    new ResetUsageCommand(Client, "*", "search", sent),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(found);

        var answer = await Controller().ResetAsync("*", "search", role, CancellationToken.None);

        Assert.That(answer is NoContentResult ? 204 : answer.Problem().Status, Is.EqualTo(status));
    }

    private Task<IActionResult> RefundAsync(CheckRequest request) =>
        Controller().RefundAsync(request, CancellationToken.None);

    private UsageController Controller()
    {
        var http = Requests.Context();
        http.Features.Set(TestData.Caller(Client));
        return new UsageController(mediator.Object) { ControllerContext = { HttpContext = http } };
    }
}
