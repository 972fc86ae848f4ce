using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.Client;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckBatchingTests : IAsyncDisposable
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly FakeService service = new();
    private ServiceProvider? services;

    public ValueTask DisposeAsync() => service.EndAsync(services, time);

    [Test]
    public async Task CheckAsync_ALoneCheck_GoesToCheck()
    {
        var decision = Limiter().CheckAsync("alice", "search", "pro", 3);

        var request = await service.NextAsync();
        request.Give(FakeRequest.Allowed(7));

        Assert.That((request.Line, request.Key), Is.EqualTo(("POST /base/check", "rl_key")));
        Assert.That(
            $"{request.Body}",
            Is.EqualTo("""{"user_id":"alice","route_key":"search","role":"pro","cost":3}""")
        );
        Assert.That((await decision).Remaining, Is.EqualTo(7));
    }

    [TestCase("{}", Description = "Something else answers.")]
    [TestCase("""{"allowed":true}""")]
    [TestCase("null")]
    [TestCase("<html></html>")]
    public async Task CheckAsync_AnswerIsNoDecision_IsNoDenial(string answer)
    {
        var asked = Limiter().CheckAsync("alice", "search");

        (await service.NextAsync()).Answer.SetResult(
            new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(answer, Encoding.UTF8, "application/json"),
            }
        );

        Assert.That(
            async () => await asked,
            Throws.TypeOf<RateLimiterUnavailableException>().Or.TypeOf<RateLimiterApiException>()
        );
    }

    [Test]
    public async Task CheckAsync_TheLongestWait_IsTold()
    {
        var asked = Limiter().CheckAsync("alice", "search");

        (await service.NextAsync()).Give(FakeRequest.Denied(long.MaxValue));

        Assert.That((await asked).RetryAfter, Is.GreaterThan(TimeSpan.FromDays(10_000_000)));
    }

    [TestCase("""{"error":{"status":400,"errors":{"x":null}}}""")]
    [TestCase("null")]
    [TestCase("{}")]
    public async Task CheckAsync_AnItemThatIsOdd_HarmsNoOther(string item)
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        var others = Ask(limiter, "odd", "good");

        first.Give(FakeRequest.Allowed());
        (await service.NextAsync()).GiveAll(JsonElement.Parse(item), FakeRequest.Allowed(3));

        Assert.That((await others[1]).Remaining, Is.EqualTo(3));
        Assert.That(async () => await others[0], Throws.Exception);
    }

    [Test]
    public async Task CheckAsync_BatchThatIsNone_IsToldToAll()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        var others = Ask(limiter, "a", "b");

        first.Give(FakeRequest.Allowed());
        (await service.NextAsync()).Give(new { });

        foreach (var other in others)
        {
            Assert.ThrowsAsync<RateLimiterUnavailableException>(() => other);
        }
    }

    [Test]
    public async Task CheckAsync_NoRoleAndACostOf0_SendsTheCostAndNoRole()
    {
        _ = Limiter().CheckAsync("alice", "search", cost: 0);

        var request = await service.NextAsync();

        Assert.That(
            $"{request.Body}",
            Is.EqualTo("""{"user_id":"alice","route_key":"search","cost":0}""")
        );
    }

    [Test]
    public async Task CheckAsync_MoreThanTheRequestsUnderWay_GoTogetherInTheirOrder()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        var others = Ask(limiter, "a", "b", "c");

        first.Give(FakeRequest.Allowed());
        var batch = await service.NextAsync();
        batch.GiveAll(FakeRequest.Allowed(3), FakeRequest.Denied(), FakeRequest.Allowed(1));
        var decisions = await Task.WhenAll(others);

        Assert.That(batch.Line, Is.EqualTo("POST /base/check/batch"));
        Assert.That(batch.Users, Is.EqualTo(["a", "b", "c"]));
        Assert.That(decisions.Select(one => one.Remaining), Is.EqualTo([3, 0, 1]));
    }

    [Test]
    public async Task CheckAsync_AnItemHasAnError_IsThatCallersAlone()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        var others = Ask(limiter, "a", "b");

        first.Give(FakeRequest.Allowed());
        (await service.NextAsync()).GiveAll(
            new { error = new { status = 404, detail = "No policy applies." } },
            FakeRequest.Allowed(5)
        );

        var exception = Assert.ThrowsAsync<RateLimiterApiException>(() => others[0]);
        Assert.That(exception.Problem!.Detail, Is.EqualTo("No policy applies."));
        Assert.That((await others[1]).Remaining, Is.EqualTo(5));
    }

    [Test]
    public async Task CheckAsync_AnItemWithoutTheStore_IsUnavailable()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        var others = Ask(limiter, "a", "b");

        first.Give(FakeRequest.Allowed());
        (await service.NextAsync()).GiveAll(
            new { error = new { status = 503, detail = "The store does not answer." } },
            FakeRequest.Allowed()
        );

        var exception = Assert.ThrowsAsync<RateLimiterUnavailableException>(() => others[0]);
        Assert.That(exception.MayHaveCounted, Is.True);
    }

    [Test]
    public async Task CheckAsync_ACallerGivesUpBeforeItIsSent_IsNotSent()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        using var end = new CancellationTokenSource();
        var givenUp = limiter.CheckAsync("a", "search", cancellationToken: end.Token);
        _ = Ask(limiter, "b", "c");

        await end.CancelAsync();
        first.Give(FakeRequest.Allowed());

        Assert.CatchAsync<OperationCanceledException>(() => givenUp);
        Assert.That((await service.NextAsync()).Users, Is.EqualTo(["b", "c"]));
    }

    [Test]
    public async Task CheckAsync_ACallerGivesUpAfterItIsSent_LetsTheOthersHaveTheirAnswers()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        using var end = new CancellationTokenSource();
        var givenUp = limiter.CheckAsync("a", "search", cancellationToken: end.Token);
        var other = limiter.CheckAsync("b", "search");
        first.Give(FakeRequest.Allowed());
        var batch = await service.NextAsync();

        await end.CancelAsync();
        batch.GiveAll(FakeRequest.Allowed(1), FakeRequest.Allowed(2));

        Assert.CatchAsync<OperationCanceledException>(() => givenUp);
        Assert.That((await other).Remaining, Is.EqualTo(2));
    }

    [Test]
    public async Task CheckAsync_TheRequestIsRefused_IsToldToEach()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        var others = Ask(limiter, "a", "b");

        first.Give(FakeRequest.Allowed());
        (await service.NextAsync()).Refuse(401);

        foreach (var other in others)
        {
            var exception = Assert.ThrowsAsync<RateLimiterApiException>(() => other);
            Assert.That(exception.StatusCode, Is.EqualTo(401));
        }
    }

    [Test]
    public async Task CheckAsync_TooManyWait_FailsAtOnce()
    {
        var limiter = Limiter(options =>
        {
            options.MaxConcurrentBatches = 1;
            options.MaxWaitingChecks = 2;
        });
        _ = limiter.CheckAsync("first", "search");
        await service.NextAsync();
        _ = Ask(limiter, "a", "b");

        var exception = Assert.ThrowsAsync<RateLimiterUnavailableException>(() =>
            limiter.CheckAsync("c", "search")
        );

        Assert.That(exception.MayHaveCounted, Is.False);
    }

    [Test]
    public async Task CheckAsync_NoAnswerInTime_EndsAlsoForThoseWhoWait()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        var sent = limiter.CheckAsync("first", "search");
        await service.NextAsync();
        var waiting = limiter.CheckAsync("a", "search");

        time.Advance(TimeSpan.FromSeconds(3.1));

        var ofSent = Assert.ThrowsAsync<RateLimiterUnavailableException>(() => sent);
        var ofWaiting = Assert.ThrowsAsync<RateLimiterUnavailableException>(() => waiting);
        Assert.That((ofSent.MayHaveCounted, ofWaiting.MayHaveCounted), Is.EqualTo((true, false)));
    }

    [Test]
    public async Task CheckAsync_WithAWindow_WaitsForOthersAsLongAsItIsOpen()
    {
        var limiter = Limiter(options => options.BatchWindow = TimeSpan.FromMilliseconds(5));
        _ = Ask(limiter, "a", "b");
        var before = service.Count;

        time.Advance(TimeSpan.FromMilliseconds(5));

        Assert.That(before, Is.Zero);
        Assert.That((await service.NextAsync()).Users, Is.EqualTo(["a", "b"]));
    }

    [Test]
    public async Task CheckAsync_MoreThanOneRequestHolds_GoInSeveral()
    {
        var limiter = Limiter(options =>
        {
            options.MaxConcurrentBatches = 1;
            options.MaxBatchSize = 2;
        });
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        _ = Ask(limiter, "a", "b", "c", "d");

        first.Give(FakeRequest.Allowed());
        var second = await service.NextAsync();
        second.GiveAll(FakeRequest.Allowed(), FakeRequest.Allowed());
        var third = await service.NextAsync();

        Assert.That(second.Users, Is.EqualTo(["a", "b"]));
        Assert.That(third.Users, Is.EqualTo(["c", "d"]));
    }

    [Test]
    public async Task CheckAsync_LongNames_StayBelowTheLargestRequest()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        var first = await service.NextAsync();
        _ = Ask(limiter, [.. Enumerable.Repeat(new string('é', 256), 1000)]);

        first.Give(FakeRequest.Allowed());
        var batch = await service.NextAsync();

        Assert.That(batch.Users.Count(), Is.InRange(500, 999));
        Assert.That(batch.Body.GetRawText().Length, Is.LessThan(1_000_000));
    }

    [Test]
    public async Task CheckAsync_WithoutBatching_SendsEachAndEndsWithItsCaller()
    {
        var limiter = Limiter(options => options.Batching = false);
        using var end = new CancellationTokenSource();
        var check = limiter.CheckAsync("alice", "search", cancellationToken: end.Token);
        await service.NextAsync();

        await end.CancelAsync();

        Assert.CatchAsync<OperationCanceledException>(() => check);
    }

    [Test]
    public async Task Dispose_WhileSomeWait_EndsTheirWait()
    {
        var limiter = Limiter(options => options.MaxConcurrentBatches = 1);
        _ = limiter.CheckAsync("first", "search");
        await service.NextAsync();
        var waiting = limiter.CheckAsync("a", "search");

        var ended = services!.DisposeAsync().AsTask();

        Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.That(ended.IsFaulted, Is.False);
    }

    private IRateLimiterClient Limiter(Action<RateLimiterClientOptions>? configure = null)
    {
        services = service.Client(configure, time);
        return services.GetRequiredService<IRateLimiterClient>();
    }

    private static Task<RateLimitDecision>[] Ask(
        IRateLimiterClient limiter,
        params string[] users
    ) => [.. users.Select(user => limiter.CheckAsync(user, "search"))];
}
