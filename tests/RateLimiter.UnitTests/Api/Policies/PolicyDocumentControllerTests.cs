using MediatR;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Yaml;
using RateLimiter.Api.Policies;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PolicyDocumentControllerTests
{
    private readonly Mock<IMediator> mediator = new();
    private readonly DefaultHttpContext http = Requests.ContextOfClient();

    [TestCase(null, null, "application/json; charset=utf-8", "policies.json")]
    [TestCase(null, "application/yaml", "application/yaml", "policies.yaml")]
    [TestCase(DocumentFormat.Yaml, null, "application/yaml", "policies.yaml")]
    [TestCase(
        DocumentFormat.Json,
        "application/yaml",
        "application/json; charset=utf-8",
        "policies.json"
    )]
    public async Task Export_Format_IsWhatWasAskedFor(
        DocumentFormat? format,
        string? accept,
        string contentType,
        string fileName
    )
    {
        SetUpList();
        http.Request.Headers.Accept = accept;

        var file = (FileContentResult)
            await Controller().ExportAsync(format, CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(file.ContentType, Is.EqualTo(contentType));
            Assert.That(file.FileDownloadName, Is.EqualTo(fileName));
            Assert.That(http.Response.Headers.ETag.ToString(), Is.EqualTo("\"set-9\""));
            Assert.That(http.Response.Headers.Vary.ToString(), Is.EqualTo("Accept"));
        }
    }

    [Test]
    public async Task Export_CallerHasThatVersion_Is304()
    {
        SetUpList();
        http.Request.Headers.IfNoneMatch = "\"set-9\"";

        var answer = await Controller().ExportAsync(null, CancellationToken.None);

        Assert.That(((StatusCodeResult)answer).StatusCode, Is.EqualTo(304));
    }

    [Test]
    public async Task Import_Changes_AreCountedAndShown()
    {
        var (old, made) = (TestData.Policy("b"), TestData.Policy("a"));
        var changed = old.Revise(TestData.Definition("b", description: "new"), TestData.Moment);
        SetUpImport(
            new PoliciesImported(
                [
                    PolicyHead
                        .None(made.Key)
                        .Save(made.Definition, TestData.Moment, TestData.Actor),
                    PolicyHead.Of(old).Save(changed.Definition, TestData.Moment, TestData.Actor),
                    PolicyHead.Of(TestData.Policy("c")).Delete(),
                ],
                5
            )
        );

        var answer = (await ImportAsync(dryRun: true)).Value!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                (answer.DryRun, answer.Created, answer.Updated, answer.Deleted, answer.Unchanged),
                Is.EqualTo((true, 1, 1, 1, 5))
            );
            Assert.That(
                answer.Changes.Select(change => (change.Action, change.RouteKey, change.Role)),
                Is.EqualTo(
                    new[]
                    {
                        (PolicyChangeAction.Created, "a", "default"),
                        (PolicyChangeAction.Updated, "b", "default"),
                        (PolicyChangeAction.Deleted, "c", "default"),
                    }
                )
            );
            Assert.That(
                answer.Changes.Select(change => (change.Before?.Version, change.After?.Version)),
                Is.EqualTo(new (long?, long?)[] { (null, 1), (1, 2), (1, null) })
            );
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Import_Options_AreHandedOn(bool given)
    {
        SetUpImport(new PoliciesImported([], 0));
        http.Request.Headers.IfMatch = "\"set-3\"";

        await ImportAsync(given, given);

        mediator.Verify(it =>
            it.Send(
                It.Is<ImportPoliciesCommand>(command =>
                    command.Client == TestData.Client
                    && command.DryRun == given
                    && command.DeleteOthers == !given
                    && command.Actor == http.Actor()
                    && command.Condition!.Holds(3)
                    && !command.Condition.Holds(4)
                    && command.Definitions.Single().Key.RouteKey == "search"
                ),
                It.IsAny<CancellationToken>()
            )
        );
    }

    [Test]
    public async Task Import_FaultyDocument_Is400AndChangesNothing()
    {
        var answer = await ImportAsync(document: new PolicySetDocument([null]));

        Assert.That(
            ((ValidationProblemDetails)answer.Result.Problem()).Errors.Keys,
            Is.EqualTo(new[] { "policies[0]" })
        );
        mediator.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Import_IfNoneMatchNotAny_Is400AndChangesNothing()
    {
        http.Request.Headers.IfNoneMatch = "\"set-1\"";

        Assert.That((await ImportAsync()).Result.Problem().Status, Is.EqualTo(400));
        mediator.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Import_NotAsTheConditionSays_Is412()
    {
        SetUpImport(new ConditionFailed());

        Assert.That((await ImportAsync()).Result.Problem().Status, Is.EqualTo(412));
    }

    private void SetUpList() =>
        mediator
            .Setup(it =>
                it.Send(new ListPoliciesQuery(TestData.Client), It.IsAny<CancellationToken>())
            )
            .ReturnsAsync(new PolicyList(9, [TestData.Policy()]));

    private void SetUpImport(PolicyOutcome outcome) =>
        mediator
            .Setup(it => it.Send(It.IsAny<ImportPoliciesCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(outcome);

    private Task<ActionResult<ImportPoliciesResponse>> ImportAsync(
        bool dryRun = false,
        bool keepOthers = false,
        PolicySetDocument? document = null
    ) =>
        Controller()
            .ImportAsync(
                document ?? new([new SavePolicyRequest("search", 10, 60)]),
                dryRun,
                keepOthers,
                CancellationToken.None
            );

    private PolicyDocumentController Controller() =>
        new(mediator.Object, Mapping.Mapper) { ControllerContext = { HttpContext = http } };
}
