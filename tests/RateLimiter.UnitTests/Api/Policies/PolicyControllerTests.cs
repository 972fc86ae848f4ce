using MediatR;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Policies;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PolicyControllerTests
{
    private readonly Mock<IMediator> mediator = new();
    private readonly DefaultHttpContext http = Requests.ContextOfClient();

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
        SetUp(new PolicyDeleted());

        var answer = await DeleteAsync(body, route, role);

        Assert.That(answer.Value, Is.EqualTo(new MessageResponse("Policy deleted")));
        mediator.Verify(it =>
            it.Send(
                new DeletePolicyCommand(TestData.Client, key, http.Actor(), VersionCondition.None),
                It.IsAny<CancellationToken>()
            )
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
        SetUp(new PolicyNotFound());

        var answer = await DeleteAsync(null, "search", null);

        Assert.That(answer.Result.Problem().Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Delete_IfMatch_IsTheCondition()
    {
        SetUp(new ConditionFailed());
        http.Request.Headers.IfMatch = "*";

        var answer = await DeleteAsync(null, "search", null);

        Assert.That(answer.Result.Problem().Status, Is.EqualTo(412));
        mediator.Verify(it =>
            it.Send(
                It.Is<DeletePolicyCommand>(command => command.Condition is VersionCondition.Exists),
                It.IsAny<CancellationToken>()
            )
        );
    }

    [Test]
    public async Task Save_IfNoneMatchAny_IsTheCondition()
    {
        mediator
            .Setup(it => it.Send(It.IsAny<SavePolicyCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new PolicySaved(TestData.Policy()));
        http.Request.Headers.IfNoneMatch = "*";

        await Controller().SaveAsync(new("search", 10, 60), CancellationToken.None);

        mediator.Verify(it =>
            it.Send(
                It.Is<SavePolicyCommand>(command =>
                    command.Condition is VersionCondition.Missing
                    && command.Actor == http.Actor()
                    && command.Client == TestData.Client
                ),
                It.IsAny<CancellationToken>()
            )
        );
    }

    [Test]
    public async Task SaveAndDelete_IfNoneMatchNotAny_Are400AndChangeNothing()
    {
        http.Request.Headers.IfNoneMatch = "\"1\"";

        var saved = await Controller().SaveAsync(new("search", 10, 60), CancellationToken.None);
        var deleted = await DeleteAsync(null, "search", null);

        Assert.That(saved.Result.Problem().Status, Is.EqualTo(400));
        Assert.That(deleted.Result.Problem().Status, Is.EqualTo(400));
        mediator.VerifyNoOtherCalls();
    }

    [TestCase(null, null, "\"set-9\"")]
    [TestCase("search", null, "\"set-9\"")]
    [TestCase(null, "default", "\"set-9\"")]
    [TestCase("search", "default", "\"3\"")]
    public async Task List_OnePolicy_HasTheTagOfWhatWasAskedFor(
        string? route,
        string? role,
        string tag
    )
    {
        SetUpList(TestData.Policy() with { Version = 3 });

        var answer = await Controller().ListAsync(route, role, CancellationToken.None);

        Assert.That(http.Response.Headers.ETag.ToString(), Is.EqualTo(tag));
        Assert.That(
            (IReadOnlyList<PolicyResponse>)((OkObjectResult)answer.Result!).Value!,
            Has.Count.EqualTo(1)
        );
    }

    [Test]
    public async Task List_NoSuchPolicy_HasNoTag()
    {
        SetUpList();
        http.Request.Headers.IfNoneMatch = "*";

        var answer = await Controller().ListAsync("search", "free", CancellationToken.None);

        Assert.That(http.Response.Headers.ETag, Is.Empty);
        Assert.That(answer.Result, Is.InstanceOf<OkObjectResult>());
    }

    [Test]
    public async Task List_CallerHasThatVersion_Is304()
    {
        SetUpList(TestData.Policy());
        http.Request.Headers.IfNoneMatch = "\"set-9\"";

        var answer = await Controller().ListAsync(null, null, CancellationToken.None);

        Assert.That(((StatusCodeResult)answer.Result!).StatusCode, Is.EqualTo(304));
    }

    private void SetUp(PolicyOutcome outcome) =>
        mediator
            .Setup(it => it.Send(It.IsAny<DeletePolicyCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(outcome);

    private void SetUpList(params Policy[] policies) =>
        mediator
            .Setup(it => it.Send(It.IsAny<ListPoliciesQuery>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new PolicyList(9, policies));

    private Task<ActionResult<MessageResponse>> DeleteAsync(
        DeletePolicyRequest? body,
        string? route,
        string? role
    ) => Controller().DeleteAsync(body, route, role, CancellationToken.None);

    private PolicyController Controller() =>
        new(mediator.Object, Mapping.Mapper) { ControllerContext = { HttpContext = http } };
}
