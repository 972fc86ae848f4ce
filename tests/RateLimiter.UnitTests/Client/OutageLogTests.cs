using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.Client;

/// <summary>The log of an app, with all messages of level Information and above.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OutageLogTests : IAsyncDisposable
{
    private const int Many = 50;

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly FakeService service = new();
    private ServiceProvider? services;

    public ValueTask DisposeAsync() => service.EndAsync(services, time);

    public enum Failure
    {
        NoConnection,
        AnswerBreaksOff,
        CannotAnswer,
        CannotAnswerInManyLines,
        NotUnderstood,
    }

    [Test]
    public async Task AnyCall_ServiceAnswers_SaysNothing()
    {
        var limiter = Start(options => options.MaxRetries = 2);

        for (var i = 0; i < Many; i++)
        {
            await AnswerAsync(limiter.CheckAsync($"user-{i}", "search"), FakeRequest.Allowed());
            await AnswerAsync(limiter.CheckAsync($"user-{i}", "search"), FakeRequest.Denied());
            await AnswerAsync(limiter.RefundAsync($"user-{i}", "search"), FakeRequest.Allowed());
        }

        Assert.That(Lines(), Is.Empty);
    }

    [Test]
    public async Task Check_ServiceAwayAndBack_IsOneLineEach([Values] Failure failure)
    {
        var limiter = Start(options => options.Batching = false);
        await AnswerAsync(limiter.CheckAsync("alice", "search"), FakeRequest.Allowed());

        for (var i = 0; i < 2; i++)
        {
            await FailAllAsync(limiter, failure);
        }

        var away = Lines();
        // The circuit breaker may have opened.
        time.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < Many; i++)
        {
            await AnswerAsync(limiter.CheckAsync("alice", "search"), FakeRequest.Allowed());
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(away, Has.Length.EqualTo(1));
            Assert.That(away[0].Level, Is.EqualTo(LogLevel.Warning));
            Assert.That(away[0].Message, Does.Not.Contain('\n').And.Contain("RateLimiter"));
            Assert.That(away[0].Exception, Is.Null);
            Assert.That(
                Lines().Skip(1).Select(line => (line.Level, line.Message)),
                Is.EqualTo(new[] { (LogLevel.Information, "RateLimiter is back") })
            );
        }
    }

    [Test]
    public async Task Check_NoAnswerInTime_IsOneLineWithoutAStack()
    {
        var limiter = Start();
        var asked = Enumerable
            .Range(0, Many)
            .Select(i => limiter.CheckAsync($"user-{i}", "search"))
            .ToList();

        await service.NextAsync();
        await AdvanceUntilOverAsync(asked);
        // A check may be given up before its request fails, which is what is logged.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        while (Lines() is [])
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.That(Lines(), Has.Length.EqualTo(1));
        Assert.That(Lines()[0].Exception, Is.Null);
    }

    [Test]
    public async Task AnyCall_UnderWayWhenItWentAway_DoesNotSayThatItIsBack()
    {
        var limiter = Start(options => options.Batching = false);
        var first = limiter.CheckAsync("alice", "search");
        var underWay = await service.NextAsync();
        await FailAsync(limiter.CheckAsync("bob", "search"), Failure.AnswerBreaksOff);

        underWay.Give(FakeRequest.Allowed());
        await first;

        Assert.That(Lines(), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task AnyCall_UnderWayWhenItCameBack_DoesNotSayThatItIsAwayAgain()
    {
        var limiter = Start(options => options.Batching = false);
        var late = limiter.CheckAsync("alice", "search");
        var underWay = await service.NextAsync();
        await FailAsync(limiter.CheckAsync("bob", "search"), Failure.AnswerBreaksOff);
        await AnswerAsync(limiter.CheckAsync("bob", "search"), FakeRequest.Allowed());

        underWay.Break(HttpRequestError.ResponseEnded);
        Assert.ThrowsAsync<RateLimiterUnavailableException>(() => late);

        Assert.That(Lines(), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task Check_ServiceComesAndGoes_IsToldAFewTimesAMinute()
    {
        var limiter = Start(options => options.Batching = false);
        await ComeAndGoAsync();
        var first = Lines().Length;

        time.Advance(TimeSpan.FromMinutes(1));
        await ComeAndGoAsync();

        Assert.That((first, Lines().Length), Is.EqualTo((6, 12)));

        async Task ComeAndGoAsync()
        {
            for (var i = 0; i < Many; i++)
            {
                await FailAsync(limiter.CheckAsync("alice", "search"), Failure.AnswerBreaksOff);
                await AnswerAsync(limiter.CheckAsync("alice", "search"), FakeRequest.Allowed());
            }
        }
    }

    [Test]
    public async Task Api_ServiceAwayAndBack_IsOneLineEach()
    {
        var limiter = Start();
        for (var i = 0; i < 3; i++)
        {
            await FailAsync(limiter.GetUsageAsync("alice", "search"), Failure.NoConnection);
        }

        await AnswerAsync(limiter.ResetAsync("alice", "search"), FakeRequest.Allowed());

        Assert.That(Lines(), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task Check_TooManyWait_IsOneLine()
    {
        var limiter = Start(options =>
        {
            options.MaxConcurrentBatches = 1;
            options.MaxWaitingChecks = 1;
        });
        List<Task> asked = [limiter.CheckAsync("alice", "search")];
        await service.NextAsync();
        asked.Add(limiter.CheckAsync("bob", "search"));

        for (var i = 0; i < Many; i++)
        {
            Assert.ThrowsAsync<RateLimiterUnavailableException>(() =>
                limiter.CheckAsync("carol", "search")
            );
        }

        Assert.That(Lines().Single().Message, Does.Contain("1 checks wait"));
    }

    [Test]
    public async Task Check_ItemOfABatchWithoutADecision_IsToldOnce()
    {
        var limiter = Start(options => options.MaxConcurrentBatches = 1);
        var first = limiter.CheckAsync("alice", "search");
        var alone = await service.NextAsync();
        var others = new[]
        {
            limiter.CheckAsync("bob", "search"),
            limiter.CheckAsync("carol", "search"),
        };
        alone.Give(FakeRequest.Allowed());
        await first;

        (await service.NextAsync()).GiveAll(
            new { error = new { status = 503, detail = "No." } },
            FakeRequest.Allowed()
        );

        Assert.ThrowsAsync<RateLimiterUnavailableException>(() => others[0]);
        Assert.That((await others[1]).Allowed);
        Assert.That(Lines(), Has.Length.EqualTo(1));
    }

    private IRateLimiterClient Start(Action<RateLimiterClientOptions>? configure = null)
    {
        services = service.Client(
            options =>
            {
                options.MaxRetries = 0;
                options.LocalDenials = false;
                configure?.Invoke(options);
            },
            time,
            app =>
                app.AddLogging(logging =>
                    logging.SetMinimumLevel(LogLevel.Information).AddFakeLogging()
                )
        );
        return services.GetRequiredService<IRateLimiterClient>();
    }

    private FakeLogRecord[] Lines() => [.. services!.GetFakeLogCollector().GetSnapshot()];

    private async Task AnswerAsync(Task asked, object answer)
    {
        (await service.NextAsync()).Give(answer);
        await asked;
    }

    private async Task FailAsync(Task asked, Failure failure)
    {
        Fail(await service.NextAsync(), failure);
        Assert.ThrowsAsync<RateLimiterUnavailableException>(() => asked);
    }

    private async Task FailAllAsync(IRateLimiterClient limiter, Failure failure)
    {
        var asked = Enumerable
            .Range(0, Many)
            .Select(i => limiter.CheckAsync($"user-{i}", "search"))
            .ToList();
        while (asked.Exists(it => !it.IsCompleted))
        {
            // Requests that the open circuit breaker stops never arrive here.
            if (service.TryNext() is { } request)
            {
                Fail(request, failure);
            }

            await Task.Yield();
        }

        Assert.That(
            asked.Select(it => it.Exception?.InnerException),
            Is.All.TypeOf<RateLimiterUnavailableException>()
        );
    }

    private async Task AdvanceUntilOverAsync(IReadOnlyCollection<Task> asked)
    {
        while (asked.Any(it => !it.IsCompleted))
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.That(asked.Select(it => it.IsFaulted), Is.All.True);
    }

    private static void Fail(FakeRequest request, Failure failure)
    {
        switch (failure)
        {
            case Failure.NoConnection:
                request.Break(HttpRequestError.ConnectionError);
                break;
            case Failure.AnswerBreaksOff:
                request.Break(HttpRequestError.ResponseEnded);
                break;
            case Failure.CannotAnswer:
                request.Refuse(503);
                break;
            case Failure.CannotAnswerInManyLines:
                request.Answer.SetResult(
                    Answer(HttpStatusCode.BadGateway, """{"detail":"A\r\nforged: line"}""")
                );
                break;
            default:
                request.Answer.SetResult(Answer(HttpStatusCode.OK, "{}"));
                break;
        }
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, string text) =>
        new(status) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
}
