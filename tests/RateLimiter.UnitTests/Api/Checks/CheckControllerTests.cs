using MediatR;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Checks;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.UnitTests.Api.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckControllerTests
{
    private static readonly ClientSnapshot Client = A.Snapshot(A.Client);

    private readonly Mock<IMediator> mediator = new();

    [TestCase(0)]
    [TestCase(1)]
    public async Task Check_Decision_IsTheAnswerWhateverItsVerdict(long wait)
    {
        SetUp(A.Decision(A.Policy(), A.Status(wait)));

        var answer = await CheckAsync(new CheckRequest("alice", "search", null));

        Assert.That(answer.Value!.Allowed, Is.EqualTo(wait == 0));
    }

    [Test]
    public async Task Check_NoPolicyApplies_Is404()
    {
        SetUp(null);

        var answer = await CheckAsync(new CheckRequest("alice", "search", null));

        Assert.That(answer.Result.Problem().Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Check_InvalidRequest_Is400AndIsNotSent()
    {
        var answer = await CheckAsync(new CheckRequest("alice", null, null));

        var problem = (ValidationProblemDetails)answer.Result.Problem();
        Assert.That(problem.Errors.Keys, Is.EqualTo(new[] { "route_key" }));
        mediator.VerifyNoOtherCalls();
    }

    [TestCase(null, "default")]
    [TestCase("default", "default")]
    [TestCase("free", "free")]
    public async Task Check_Role_IsTheDefaultOneWhenLeftOut(string? role, string sent)
    {
        SetUp(A.Decision(A.Policy()));

        await CheckAsync(new CheckRequest("alice", "search", role, 7));

        mediator.Verify(it =>
            it.Send(
                new CheckCommand(Client, new Check("alice", "search", sent, 7)),
                It.IsAny<CancellationToken>()
            )
        );
    }

    private void SetUp(Decision? decision) =>
        mediator
            .Setup(it => it.Send(It.IsAny<CheckCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(decision);

    private Task<ActionResult<DecisionResponse>> CheckAsync(CheckRequest request)
    {
        var http = Http.Context();
        http.Features.Set(Client);
        return new CheckController(mediator.Object)
        {
            ControllerContext = { HttpContext = http },
        }.CheckAsync(request, CancellationToken.None);
    }
}
