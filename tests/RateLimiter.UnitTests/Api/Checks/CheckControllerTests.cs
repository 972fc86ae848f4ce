using System.Text.Json;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.UnitTests.Api.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckControllerTests
{
    private static readonly ClientSnapshot Client = TestData.Snapshot(TestData.Client);

    private readonly Mock<IMediator> mediator = new();

    [TestCase(0)]
    [TestCase(1)]
    public async Task Check_Decision_IsTheAnswerWhateverItsVerdict(long wait)
    {
        SetUp(TestData.Decision(TestData.Policy(), TestData.Status(wait)));

        var answer = await CheckAsync(new CheckRequest("alice", "search", null));

        Assert.That(((DecisionResult)answer).Decision!.Allowed, Is.EqualTo(wait == 0));
    }

    [Test]
    public async Task Check_NoPolicyApplies_IsAnswerWithoutDecision()
    {
        SetUp(null);

        var answer = await CheckAsync(new CheckRequest("alice", "search", null));

        Assert.That(((DecisionResult)answer).Decision, Is.Null);
    }

    [Test]
    public async Task Check_InvalidRequest_Is400AndIsNotSent()
    {
        var answer = await CheckAsync(new CheckRequest("alice", null, null));

        var problem = (ValidationProblemDetails)answer.Problem();
        Assert.That(problem.Errors.Keys, Is.EqualTo(new[] { "route_key" }));
        mediator.VerifyNoOtherCalls();
    }

    [TestCase(null, "default")]
    [TestCase("default", "default")]
    [TestCase("free", "free")]
    public async Task Check_Role_IsTheDefaultOneWhenLeftOut(string? role, string sent)
    {
        SetUp(TestData.Decision(TestData.Policy()));

        await CheckAsync(new CheckRequest("alice", "search", role, 7));

        mediator.Verify(it =>
            it.Send(
                new CheckCommand(Client, new Check("alice", "search", sent, 7)),
                It.IsAny<CancellationToken>()
            )
        );
    }

    [Test]
    public async Task CheckBatch_ItemsOfAllKinds_AreAnsweredInTheirOrder()
    {
        CheckEachCommand? sent = null;
        mediator
            .Setup(it => it.Send(It.IsAny<CheckEachCommand>(), It.IsAny<CancellationToken>()))
            .Callback(
                (IRequest<CheckOutcome<IReadOnlyList<Decision?>>> command, CancellationToken _) =>
                    sent = (CheckEachCommand)command
            )
            .ReturnsAsync(
                new CheckOutcome<IReadOnlyList<Decision?>>([
                    null,
                    TestData.Decision(TestData.Policy(), TestData.Status(wait: 1)),
                    TestData.Decision(TestData.Policy()),
                ])
            );

        var results = await CheckBatchAsync(
            new(new("alice", "unknown", null)),
            new(null, KeyValuePair.Create("cost", "must be a whole number")),
            new(new("bob", "search", "free", 7)),
            new(new("carol", null, null)),
            new(new("dave", "search", null))
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                sent!.Checks,
                Is.EqualTo(
                    new[]
                    {
                        new Check("alice", "unknown", "default", 1),
                        new Check("bob", "search", "free", 7),
                        new Check("dave", "search", "default", 1),
                    }
                )
            );
            Assert.That(
                results.Select(Describe),
                Is.EqualTo(
                    new[] { "404", "400 cost", "allowed: False", "400 route_key", "allowed: True" }
                )
            );
        }

        static string Describe(JsonElement result)
        {
            if (!result.TryGetProperty("error", out var error))
            {
                return $"allowed: {result.GetProperty("allowed").GetBoolean()}";
            }

            var status = error.GetProperty("status").GetInt32();
            return error.TryGetProperty("errors", out var errors)
                ? $"{status} {string.Join(' ', errors.EnumerateObject().Select(field => field.Name))}"
                : $"{status}";
        }
    }

    [TestCase(0)]
    [TestCase(1001)]
    public async Task CheckBatch_TooFewOrTooManyItems_Is400AndIsNotSent(int count)
    {
        var answer = await Controller()
            .CheckBatchAsync(
                new CheckBatchRequest([
                    .. Enumerable.Repeat(new CheckBatchItem(new("alice", "search", null)), count),
                ])
            );

        var problem = (ValidationProblemDetails)answer.Result.Problem();
        Assert.That(problem.Errors.Keys, Is.EqualTo(new[] { "checks" }));
        mediator.VerifyNoOtherCalls();
    }

    private void SetUp(Decision? decision) =>
        mediator
            .Setup(it => it.Send(It.IsAny<CheckCommand>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new CheckOutcome<Decision>(decision));

    private Task<IActionResult> CheckAsync(CheckRequest request) =>
        Controller().CheckAsync(request);

    /// <summary>The serialised results.</summary>
    private async Task<IEnumerable<JsonElement>> CheckBatchAsync(params CheckBatchItem[] items)
    {
        var answer = await Controller().CheckBatchAsync(new CheckBatchRequest(items));
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        return JsonSerializer
            .SerializeToElement(answer.Value, options)
            .GetProperty("results")
            .EnumerateArray();
    }

    private CheckController Controller()
    {
        var http = Requests.Context();
        http.Features.Set(TestData.Caller(Client));
        return new CheckController(mediator.Object) { ControllerContext = { HttpContext = http } };
    }
}
