using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Policies;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PolicyControllerTests
{
    private readonly Mock<IMediator> mediator = new();

    private static IEnumerable<
        TestCaseData<DeletePolicyRequest?, string?, string?, PolicyKey>
    > Named()
    {
        yield return new(new("search", "free"), null, null, new("search", "free"));
        yield return new(new("search", null), null, null, new("search", "default"));
        yield return new(null, "search", "free", new("search", "free"));
        yield return new(null, "search", null, new("search", "default"));
    }

    [TestCaseSource(nameof(Named))]
    public async Task Delete_NamesInOnePlace_DeletesThatPolicy(
        DeletePolicyRequest? body,
        string? route,
        string? role,
        PolicyKey key
    )
    {
        SetUp(deleted: true);

        var answer = await DeleteAsync(body, route, role);

        Assert.That(answer.Value, Is.EqualTo(new MessageResponse("Policy deleted")));
        mediator.Verify(it =>
            it.Send(new DeletePolicyCommand(A.Client, key), It.IsAny<CancellationToken>())
        );
    }

    private static IEnumerable<TestCaseData<DeletePolicyRequest?, string?, string?>> Unclear()
    {
        yield return new(null, null, null) { TestName = "{m}(nothing)" };
        yield return new(null, null, "free") { TestName = "{m}(role in the query alone)" };
        yield return new(new("search", null), "search", null) { TestName = "{m}(both)" };
        yield return new(new("search", null), null, "free") { TestName = "{m}(split)" };
    }

    [TestCaseSource(nameof(Unclear))]
    public async Task Delete_NamesNowhereOrInBothPlaces_Is400AndDeletesNothing(
        DeletePolicyRequest? body,
        string? route,
        string? role
    )
    {
        var answer = await DeleteAsync(body, route, role);

        var problem = (ValidationProblemDetails)answer.Result.Problem();
        Assert.That(problem.Errors.Keys, Is.EqualTo(new[] { "route_key" }));
        mediator.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Delete_NoSuchPolicy_Is404()
    {
        SetUp(deleted: false);

        var answer = await DeleteAsync(null, "search", null);

        Assert.That(answer.Result.Problem().Status, Is.EqualTo(404));
    }

    private void SetUp(bool deleted) =>
        mediator
            .Setup(it => it.Send(It.IsAny<DeletePolicyCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(deleted);

    private Task<ActionResult<MessageResponse>> DeleteAsync(
        DeletePolicyRequest? body,
        string? route,
        string? role
    )
    {
        var http = Http.Context();
        http.Features.Set(A.Holder(A.Snapshot(A.Client)));
        return new PolicyController(mediator.Object, Mock.Of<IMapper>())
        {
            ControllerContext = { HttpContext = http },
        }.DeleteAsync(body, route, role, CancellationToken.None);
    }
}
