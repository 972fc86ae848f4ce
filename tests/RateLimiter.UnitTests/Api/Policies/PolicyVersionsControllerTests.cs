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
public sealed class PolicyVersionsControllerTests
{
    private readonly Mock<IMediator> mediator = new();
    private readonly DefaultHttpContext http = Requests.ContextOfClient();

    [Test]
    public async Task History_Versions_ShowsThemWithTheDeletion()
    {
        var policy = TestData.Policy() with { UpdatedBy = "a-key" };
        SetUp(
            new PolicyVersion(2, TestData.Moment.AddHours(1), "another", null),
            PolicyVersion.Of(policy)
        );

        var answer = await HistoryAsync(null);

        Assert.That(
            ((OkObjectResult)answer.Result!).Value,
            Is.EqualTo(
                new[]
                {
                    new PolicyVersionResponse
                    {
                        Version = 2,
                        ChangedAt = TestData.Moment.AddHours(1).UtcDateTime,
                        ChangedBy = "another",
                        Deleted = true,
                    },
                    new PolicyVersionResponse
                    {
                        Version = 1,
                        ChangedAt = TestData.Moment.UtcDateTime,
                        ChangedBy = "a-key",
                        Deleted = false,
                        Policy = Mapping.Mapper.Map<PolicyResponse>(policy),
                    },
                }
            )
        );
    }

    [Test]
    public async Task History_NothingKnown_Is404()
    {
        SetUp();

        Assert.That((await HistoryAsync(null)).Result.Problem().Status, Is.EqualTo(404));
    }

    [Test]
    public async Task History_NothingBefore_IsTheEnd()
    {
        SetUp();

        Assert.That((await HistoryAsync(1)).Result, Is.InstanceOf<OkObjectResult>());
    }

    [Test]
    public async Task RollBack_Version_IsSavedUnderTheCondition()
    {
        http.Request.Headers.IfMatch = "*";
        mediator
            .Setup(it => it.Send(It.IsAny<RollBackPolicyCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new PolicySaved(TestData.Policy() with { Version = 5 }));

        var answer = await RollBackAsync();

        Assert.That(answer.Value!.Policy.Version, Is.EqualTo(5));
        Assert.That(http.Response.Headers.ETag.ToString(), Is.EqualTo("\"5\""));
        mediator.Verify(it =>
            it.Send(
                new RollBackPolicyCommand(
                    TestData.Client,
                    new PolicyKey("search", "default"),
                    3,
                    http.Actor(),
                    new VersionCondition.Exists()
                ),
                It.IsAny<CancellationToken>()
            )
        );
    }

    [Test]
    public async Task RollBack_IfNoneMatchNotAny_Is400AndChangesNothing()
    {
        http.Request.Headers.IfNoneMatch = "\"1\"";

        Assert.That((await RollBackAsync()).Result.Problem().Status, Is.EqualTo(400));
        mediator.VerifyNoOtherCalls();
    }

    [TestCase(1)]
    [TestCase(9_007_199_254_740_991)]
    public void Validate_VersionWithinTheBounds_IsRight(long version) =>
        Assert.That(Faults(new("search", version)), Is.Empty);

    [TestCase(null, "Version: is required")]
    [TestCase(0, "Version: must be from 1 to 9007199254740991")]
    [TestCase(long.MaxValue, "Version: must be from 1 to 9007199254740991")]
    public void Validate_VersionWrong_SaysSo(long? version, string fault) =>
        Assert.That(Faults(new("search", version)), Is.EqualTo(new[] { fault }));

    [Test]
    public void Validate_NamesWrong_SaysBoth() =>
        Assert.That(
            Faults(new("", 1, "")),
            Is.EqualTo(
                new[]
                {
                    "RouteKey: must have 1 to 128 characters",
                    "Role: must have 1 to 128 characters",
                }
            )
        );

    private static IEnumerable<string> Faults(RollBackPolicyRequest request) =>
        new RollBackPolicyRequestValidator().Faults(request);

    private void SetUp(params PolicyVersion[] versions) =>
        mediator
            .Setup(it =>
                it.Send(
                    It.Is<PolicyHistoryQuery>(query =>
                        query.Key == new PolicyKey("search", "free") && query.Limit == 10
                    ),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(versions);

    private Task<ActionResult<IReadOnlyList<PolicyVersionResponse>>> HistoryAsync(long? before) =>
        Controller().HistoryAsync("search", "free", before, 10, CancellationToken.None);

    private Task<ActionResult<SavePolicyResponse>> RollBackAsync() =>
        Controller().RollBackAsync(new("search", 3), CancellationToken.None);

    private PolicyVersionsController Controller() =>
        new(mediator.Object, Mapping.Mapper) { ControllerContext = { HttpContext = http } };
}
