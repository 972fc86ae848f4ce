using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Stores;

namespace RateLimiter.UnitTests.Api.Http.Errors;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApiExceptionHandlerTests
{
    private readonly FakeLogger<ApiExceptionHandler> logger = new();
    private readonly ApiExceptionHandler handler;
    private readonly DefaultHttpContext context = Requests.Context();

    public ApiExceptionHandlerTests() => handler = new ApiExceptionHandler(logger);

    [Test]
    public async Task TryHandle_StoreUnavailable_Is503WithRetryAfter()
    {
        await HandleAsync(new StoreUnavailableException("redis://secret@host"));

        AssertProblem(503, "The store does not answer at the moment.");
        Assert.That(context.Response.Headers.RetryAfter.ToString(), Is.EqualTo("1"));
        AssertLogged(0);
    }

    [Test]
    public async Task TryHandle_StoreUnavailableForAnEndUser_SaysNothingOfTheStore()
    {
        context.Features.Set<IExceptionHandlerFeature>(
            new ExceptionHandlerFeature
            {
                Error = new StoreUnavailableException("redis://secret@host"),
                Path = "/",
                Endpoint = new Endpoint(null, new(new ForEndUsersAttribute()), "gateway"),
            }
        );

        await HandleAsync(new StoreUnavailableException("redis://secret@host"));

        AssertProblem(503, "This cannot be answered at the moment.");
        Assert.That(context.Response.Headers.RetryAfter.ToString(), Is.EqualTo("1"));
    }

    [TestCase(413, "The body is too large.")]
    [TestCase(400, "The request is malformed.")]
    [TestCase(408, "The body comes too slowly.")]
    public async Task TryHandle_RefusedByTheServer_KeepsItsStatus(int status, string detail)
    {
        await HandleAsync(new BadHttpRequestException("Kestrel's words", status));

        AssertProblem(status, detail);
        AssertLogged(0);
    }

    [Test]
    public async Task TryHandle_ChunkOfAnImpossibleSize_Is400AndNotLogged()
    {
        await HandleAsync(new IOException("Bad chunk size data.", new OverflowException()));

        AssertProblem(400, "The request is malformed.");
        AssertLogged(0);
    }

    [Test]
    public async Task TryHandle_CallerHasGone_WritesNothing()
    {
        context.RequestAborted = new CancellationToken(canceled: true);

        await HandleAsync(new OperationCanceledException());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(context.Response.StatusCode, Is.EqualTo(499));
            Assert.That(context.Response.Body.Length, Is.Zero);
        }

        AssertLogged(0);
    }

    [Test]
    public async Task TryHandle_CancelledThoughTheCallerWaits_Is500AndLogged()
    {
        await HandleAsync(new OperationCanceledException());

        AssertProblem(
            500,
            "Something went wrong here. The service's log tells more under the trace id."
        );
        AssertLogged(1);
    }

    [Test]
    public async Task TryHandle_Unforeseen_Is500WithoutItsWordsAndLogged()
    {
        await HandleAsync(new InvalidOperationException("Password=secret"));

        AssertProblem(
            500,
            "Something went wrong here. The service's log tells more under the trace id."
        );
        Assert.That(
            context.Response.Json().GetRawText(),
            Does.Not.Contain("secret").And.Not.Contain("InvalidOperation")
        );
        AssertLogged(1);
    }

    private async Task HandleAsync(Exception exception) =>
        Assert.That(
            await handler.TryHandleAsync(context, exception, CancellationToken.None),
            Is.True
        );

    private void AssertProblem(int status, string detail)
    {
        var problem = context.Response.Json();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(context.Response.StatusCode, Is.EqualTo(status));
            Assert.That(context.Response.ContentType, Is.EqualTo("application/problem+json"));
            Assert.That(problem.GetProperty("status").GetInt32(), Is.EqualTo(status));
            Assert.That(problem.GetProperty("detail").GetString(), Is.EqualTo(detail));
            Assert.That(problem.GetProperty("title").GetString(), Is.Not.Empty);
            Assert.That(problem.GetProperty("type").GetString(), Is.Not.Empty);
            Assert.That(problem.GetProperty("trace_id").GetString(), Is.Not.Empty);
        }
    }

    private void AssertLogged(int errors) =>
        Assert.That(
            logger.Collector.GetSnapshot().Select(line => line.Level),
            Has.Exactly(errors).EqualTo(LogLevel.Error)
        );
}
