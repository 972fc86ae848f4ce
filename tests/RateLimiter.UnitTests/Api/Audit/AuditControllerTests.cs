using System.Text;
using System.Text.Json;
using MediatR;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Moq;
using RateLimiter.Api.Audit;
using RateLimiter.Api.Keys;
using RateLimiter.Api.Policies;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Api.Audit;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AuditControllerTests
{
    private readonly Mock<IMediator> mediator = new();
    private readonly DefaultHttpContext http = Requests.ContextOfClient();

    [Test]
    public async Task List_Page_IsShownWithTheCursorOfTheNext()
    {
        SetUp(null, 10, new AuditPage([Entry(7, after: new AuditedClient("My app"))], 7));

        var answer = await Controller().ListAsync(null, null, null, null, 10);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Value!.NextCursor, Is.EqualTo(AuditCursor.Write(7)));
            Assert.That(
                answer.Value.Entries.Single(),
                Is.EqualTo(
                    new AuditEntryResponse
                    {
                        Id = 7,
                        At = TestData.Moment.UtcDateTime,
                        Action = "policy.updated",
                        KeyId = TestData.Actor.KeyId,
                        Address = TestData.Actor.Address,
                        RequestId = TestData.Actor.RequestId,
                        After = new AuditedClientResponse("My app"),
                    }
                )
            );
        }
    }

    [Test]
    public async Task List_LastPage_HasNoCursor()
    {
        SetUp(5, 10, new AuditPage([], null));

        var answer = await Controller().ListAsync(null, null, null, AuditCursor.Write(5), 10);

        Assert.That(answer.Value!.NextCursor, Is.Null);
    }

    [Test]
    public async Task List_Filter_IsHandedOn()
    {
        var (from, to) = (TestData.Moment, TestData.Moment.AddDays(1));
        mediator
            .Setup(it => it.Send(It.IsAny<AuditQuery>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new AuditPage([], null));

        await Controller().ListAsync(from, to, "key.rotated", null, 1);

        mediator.Verify(it =>
            it.Send(
                new AuditQuery(
                    TestData.Client,
                    new AuditFilter(from, to, AuditAction.KeyRotated),
                    null,
                    1
                ),
                It.IsAny<CancellationToken>()
            )
        );
    }

    [Test]
    public void Map_Policy_IsShownAsItIsElsewhere()
    {
        var policy = TestData.Policy();

        Assert.That(
            Mapping.Mapper.Map<AuditEntryResponse>(Entry(1, new AuditedPolicy(policy))).Before,
            Is.EqualTo(Mapping.Mapper.Map<PolicyResponse>(policy))
        );
    }

    [Test]
    public void Map_Key_IsShownAsItIsElsewhere()
    {
        var key = new AuditedKey(
            "id",
            "rl_0000",
            "name",
            Scopes.Check | Scopes.AuditRead,
            TestData.Moment,
            TestData.Moment.AddDays(1)
        );

        var shown = (KeyResponse)Mapping.Mapper.Map<AuditEntryResponse>(Entry(1, key)).Before!;

        Assert.That(shown.Scopes, Is.EqualTo(new[] { "check", "audit:read" }));
        Assert.That(
            shown with
            {
                Scopes = [],
            },
            Is.EqualTo(
                new KeyResponse
                {
                    KeyId = "id",
                    Prefix = "rl_0000",
                    Name = "name",
                    Scopes = [],
                    CreatedAt = TestData.Moment.UtcDateTime,
                    ExpiresAt = TestData.Moment.AddDays(1).UtcDateTime,
                }
            )
        );
    }

    [Test]
    public async Task Export_SeveralPages_AreLinesWithOneFlushAPage()
    {
        var body = Respond();
        SetUp(null, 1000, new AuditPage([Entry(9), Entry(8)], 8));
        SetUp(8, 1000, new AuditPage([Entry(3)], null));

        await ExportAsync();

        var lines = Encoding.UTF8.GetString(body.ToArray()).Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                lines[..^1].Select(line => JsonElement.Parse(line).GetProperty("id").GetInt64()),
                Is.EqualTo(new long[] { 9, 8, 3 })
            );
            Assert.That(lines[^1], Is.Empty);
            Assert.That(body.Flushes, Is.EqualTo(2));
            Assert.That(http.Response.ContentType, Is.EqualTo("application/x-ndjson"));
        }
    }

    [Test]
    public void Export_StoreFailsAtOnce_IsLeftToTheErrors()
    {
        SetUpFailure(null);

        Assert.That(ExportAsync, Throws.InstanceOf<StoreUnavailableException>());
    }

    [Test]
    public async Task Export_StoreFailsInTheMiddle_AbortsTheConnection()
    {
        Respond(hasStarted: true);
        var lifetime = new Mock<IHttpRequestLifetimeFeature>();
        http.Features.Set(lifetime.Object);
        SetUp(null, 1000, new AuditPage([Entry(9)], 9));
        SetUpFailure(9);

        await ExportAsync();

        lifetime.Verify(it => it.Abort());
    }

    private static AuditEntry Entry(long id, Audited? before = null, Audited? after = null) =>
        new(
            id,
            new AuditRecord(
                AuditAction.PolicyUpdated,
                TestData.Moment,
                TestData.Actor,
                before,
                after
            )
        );

    private void SetUp(long? before, int limit, AuditPage page) =>
        mediator
            .Setup(it =>
                it.Send(
                    new AuditQuery(TestData.Client, new AuditFilter(), before, limit),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(page);

    private void SetUpFailure(long? before) =>
        mediator
            .Setup(it =>
                it.Send(
                    new AuditQuery(TestData.Client, new AuditFilter(), before, 1000),
                    It.IsAny<CancellationToken>()
                )
            )
            .ThrowsAsync(new StoreUnavailableException("away", new TimeoutException()));

    private CountingStream Respond(bool hasStarted = false)
    {
        var body = new CountingStream();
        var response = new Mock<IHttpResponseFeature>();
        response.SetupGet(it => it.HasStarted).Returns(hasStarted);
        response.SetupGet(it => it.Headers).Returns(new HeaderDictionary());
        http.Features.Set(response.Object);
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        return body;
    }

    private Task ExportAsync() =>
        Controller()
            .Export(null, null, null)
            .ExecuteResultAsync(new ActionContext { HttpContext = http });

    private AuditController Controller() =>
        new(mediator.Object, Mapping.Mapper) { ControllerContext = { HttpContext = http } };

    private sealed class CountingStream : MemoryStream
    {
        public int Flushes { get; private set; }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flushes++;
            return base.FlushAsync(cancellationToken);
        }
    }
}
