using Microsoft.Extensions.DependencyInjection;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.Client;

/// <summary>Which requests are retried, and which never are.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RetryTests : IAsyncDisposable
{
    private readonly FakeService service = new();
    private readonly ServiceProvider services;
    private readonly IRateLimiterClient limiter;

    public RetryTests()
    {
        services = service.Client(options =>
        {
            options.MaxRetries = 1;
            options.AttemptTimeout = TimeSpan.FromMilliseconds(500);
            options.Timeout = TimeSpan.FromSeconds(30);
        });
        limiter = services.GetRequiredService<IRateLimiterClient>();
    }

    public enum Request
    {
        Check,
        Refund,
        Look,
        Usage,
        Reset,
    }

    public ValueTask DisposeAsync() => service.EndAsync(services);

    [Test]
    public async Task AnyCall_NoConnection_IsSentAgain(
        [Values] Request call,
        [Values(
            HttpRequestError.ConnectionError,
            HttpRequestError.NameResolutionError,
            HttpRequestError.SecureConnectionError
        )]
            HttpRequestError error
    )
    {
        var asked = Ask(call);

        (await service.NextAsync()).Break(error);
        (await service.NextAsync()).Give(FakeRequest.Allowed());

        await asked;
    }

    [Test]
    public async Task AnyCall_ToBeRepeatedShortly_IsSentAgain(
        [Values(Request.Refund, Request.Usage, Request.Reset)] Request call
    )
    {
        var asked = Ask(call);

        (await service.NextAsync()).Refuse(429, TimeSpan.Zero);
        (await service.NextAsync()).Give(FakeRequest.Allowed());

        await asked;
    }

    [Test]
    public async Task AnyCheck_ToBeRepeatedShortly_IsRefused(
        [Values(Request.Check, Request.Look)] Request call
    )
    {
        var asked = Ask(call);

        (await service.NextAsync()).Refuse(429, TimeSpan.Zero);

        var exception = Assert.ThrowsAsync<RateLimiterApiException>(() => asked);
        Assert.That((exception.StatusCode, service.Count), Is.EqualTo((429, 1)));
    }

    [Test]
    public async Task Check_AppSendsAllAgain_IsNotSentAgain()
    {
        await using var app = service.Client(configureServices: app =>
            app.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler())
        );
        var asked = app.GetRequiredService<IRateLimiterClient>().CheckAsync("alice", "search");

        (await service.NextAsync()).Refuse(500);

        var exception = Assert.ThrowsAsync<RateLimiterApiException>(() => asked);
        Assert.That((exception.StatusCode, service.Count), Is.EqualTo((500, 1)));
    }

    [Test]
    public async Task AnyCall_ToBeRepeatedMuchLater_IsRefused([Values] Request call)
    {
        var asked = Ask(call);

        (await service.NextAsync()).Refuse(429, TimeSpan.FromSeconds(5));

        var exception = Assert.ThrowsAsync<RateLimiterApiException>(() => asked);
        Assert.That((exception.StatusCode, service.Count), Is.EqualTo((429, 1)));
    }

    [Test]
    public async Task Spend_AnswerBreaksOff_IsNotSentAgain(
        [Values(Request.Check, Request.Refund)] Request call
    )
    {
        var asked = Ask(call);

        (await service.NextAsync()).Break(HttpRequestError.ResponseEnded);

        MustHaveFailedOnce(asked);
    }

    [Test]
    public async Task Spend_NoAnswerInTime_IsNotSentAgain(
        [Values(Request.Check, Request.Refund)] Request call
    )
    {
        var asked = Ask(call);

        await service.NextAsync();

        MustHaveFailedOnce(asked);
    }

    [Test]
    public async Task Spend_ServiceCannotAnswer_IsNotSentAgain(
        [Values(Request.Check, Request.Refund)] Request call,
        [Values(502, 503, 504)] int status
    )
    {
        var asked = Ask(call);

        (await service.NextAsync()).Refuse(status, TimeSpan.Zero);

        MustHaveFailedOnce(asked);
    }

    [Test]
    public async Task Repeatable_AnswerBreaksOff_IsSentAgain(
        [Values(Request.Look, Request.Usage, Request.Reset)] Request call
    )
    {
        var asked = Ask(call);

        (await service.NextAsync()).Break(HttpRequestError.ResponseEnded);
        (await service.NextAsync()).Give(FakeRequest.Allowed());

        await asked;
    }

    [Test]
    public async Task Repeatable_NoAnswerInTime_IsSentAgain(
        [Values(Request.Look, Request.Usage, Request.Reset)] Request call
    )
    {
        var asked = Ask(call);

        await service.NextAsync();
        (await service.NextAsync()).Give(FakeRequest.Allowed());

        await asked;
    }

    [Test]
    public async Task Repeatable_ServiceCannotAnswer_IsSentAgain(
        [Values(Request.Look, Request.Usage, Request.Reset)] Request call
    )
    {
        var asked = Ask(call);

        (await service.NextAsync()).Refuse(503);
        (await service.NextAsync()).Give(FakeRequest.Allowed());

        await asked;
    }

    [Test]
    public async Task AnyCall_Refused_IsNotSentAgain([Values] Request call)
    {
        var asked = Ask(call);

        (await service.NextAsync()).Refuse(403);

        var exception = Assert.ThrowsAsync<RateLimiterApiException>(() => asked);
        Assert.That(service.Count, Is.EqualTo(1));
        Assert.That(
            exception.Problem,
            Is.EqualTo(new RateLimiterProblem(null, "No", 403, "Because.", null, "abc"))
        );
        Assert.That(
            exception.Message,
            Is.EqualTo("RateLimiter answered 403: Because. (trace abc)")
        );
    }

    [Test]
    public async Task Check_NoConnectionAtAll_SurelyDidNotCount()
    {
        var asked = Ask(Request.Check);

        (await service.NextAsync()).Break(HttpRequestError.ConnectionError);
        (await service.NextAsync()).Break(HttpRequestError.ConnectionError);

        var exception = Assert.ThrowsAsync<RateLimiterUnavailableException>(() => asked);
        Assert.That((exception.MayHaveCounted, service.Count), Is.EqualTo((false, 2)));
    }

    private void MustHaveFailedOnce(Task asked)
    {
        var exception = Assert.ThrowsAsync<RateLimiterUnavailableException>(() => asked);
        Assert.That((exception.MayHaveCounted, service.Count), Is.EqualTo((true, 1)));
    }

    private Task Ask(Request call) =>
        call switch
        {
            Request.Check => limiter.CheckAsync("alice", "search"),
            Request.Refund => limiter.RefundAsync("alice", "search"),
            Request.Look => limiter.CheckAsync("alice", "search", cost: 0),
            Request.Usage => limiter.GetUsageAsync("alice", "search"),
            _ => limiter.ResetAsync("alice", "search"),
        };
}
