using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Logs;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.UnitTests.Application.Logs;

namespace RateLimiter.UnitTests.Api.Logs;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DecisionStreamResultTests : IDisposable
{
    private const string Beginning = "retry: 1000\n\n";
    private const string Comment = ": comment\n\n";

    private static readonly (ApiKey Key, string Text) Own = ApiKey.Generate(TestData.Client);

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly Mock<IClientRepository> clients = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource aborted = new();
    private readonly Channel<LogEvent> events = Channel.CreateUnbounded<LogEvent>();
    private readonly Mock<IHttpRequestLifetimeFeature> connection = new();
    private readonly Body body = new();
    private readonly DefaultHttpContext http = new();
    private readonly ServiceProvider services;
    private StreamPosition start;
    private bool isFollowed;

    public DecisionStreamResultTests()
    {
        var lifetime = new Mock<IHostApplicationLifetime>();
        lifetime.Setup(it => it.ApplicationStopping).Returns(stopping.Token);
        var json = new JsonOptions();
        ApiJson.Configure(json.JsonSerializerOptions);
        var directory = TestData.Directory(clients.Object, time: time);
        services = new ServiceCollection()
            .AddSingleton(lifetime.Object)
            .AddSingleton<TimeProvider>(time)
            .AddSingleton(new EventTexts(Mapping.Mapper, Options.Create(json)))
            .AddSingleton(directory)
            .AddSingleton(TestData.Authenticator(directory, time))
            .BuildServiceProvider();
        http.RequestServices = services;
        http.Request.Headers["X-API-Key"] = Own.Text;
        connection.Setup(it => it.RequestAborted).Returns(aborted.Token);
        http.Features.Set(connection.Object);
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        Knows(TestData.Key(Own.Key.Hash, Scopes.LogsRead));
    }

    public void Dispose()
    {
        services.Dispose();
        stopping.Dispose();
        aborted.Dispose();
        body.Dispose();
    }

    [Test]
    public async Task Execute_NothingYet_SendsTheBeginningAtOnce()
    {
        var run = RunAsync();

        await SentAsync(Beginning.Length).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(body.Text, Is.EqualTo(Beginning));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(http.Response.ContentType, Is.EqualTo("text/event-stream"));
            Assert.That(
                $"{http.Response.Headers.CacheControl}",
                Is.EqualTo("no-store, no-transform")
            );
            Assert.That($"{http.Response.Headers["X-Accel-Buffering"]}", Is.EqualTo("no"));
        }

        await EndAsync(run);
    }

    [Test]
    public async Task Execute_Events_AreWrittenWithTheirIds()
    {
        var decision = TestData.LoggedOf("alice\n");
        events.Writer.TryWrite(new EntryLogged(ClientLog.Decisions, 7, decision));
        events.Writer.TryWrite(new EntriesDropped(ClientLog.Decisions, 9, 2));
        events.Writer.TryWrite(new EntriesDropped(ClientLog.Decisions, 10, null));

        var run = RunAsync();
        await time.GoOnUntilAsync(() => body.Text.EndsWith("null}\n\n", StringComparison.Ordinal));
        await EndAsync(run);

        var lines = body.Text[Beginning.Length..].Split('\n');
        Assert.That(lines[0], Is.EqualTo("id: 7"));
        Assert.That(lines[1], Is.EqualTo("event: decision"));
        Assert.That(lines[2], Does.StartWith("data: {\"timestamp\":\"2026-02-03T04:05:06.789Z\""));
        Assert.That(lines[2], Does.Contain("\"user_id\":\"alice\\n\""));
        Assert.That(
            string.Join('\n', lines[3..]),
            Is.EqualTo(
                """

                id: 9
                event: gap
                data: {"left_out":2}

                id: 10
                event: gap
                data: {"left_out":null}


                """.ReplaceLineEndings("\n")
            )
        );
    }

    [Test]
    public async Task Execute_StreamWithChanges_WritesThePositionsInBothLogs()
    {
        start = new StreamPosition(6, 2);
        var entry = TestData.LoggedOf("alice");
        events.Writer.TryWrite(new EntryLogged(ClientLog.Decisions, 7, entry));
        events.Writer.TryWrite(
            new EntryLogged(ClientLog.Changes, 3, entry with { Kind = LogEntryKind.Refund })
        );
        events.Writer.TryWrite(new EntriesDropped(ClientLog.Changes, 5, 2));
        events.Writer.TryWrite(new EntriesDropped(ClientLog.Decisions, 9, null));

        var run = RunAsync();
        await time.GoOnUntilAsync(() => body.Text.EndsWith("null}\n\n", StringComparison.Ordinal));
        await EndAsync(run);

        var lines = body.Text.Split('\n');
        Assert.That(
            lines.Where(line => line.StartsWith("id", StringComparison.Ordinal)),
            Is.EqualTo(["id: 7-2", "id: 7-3", "id: 7-5", "id: 9-5"])
        );
        Assert.That(
            lines.Where(line => line.StartsWith("event", StringComparison.Ordinal)),
            Is.EqualTo(["event: decision", "event: change", "event: gap", "event: gap"])
        );
        Assert.That(body.Text, Does.Contain("\"kind\":\"refund\""));
    }

    [Test]
    public async Task Execute_NothingHappens_CommentsEvery15Seconds()
    {
        var run = RunAsync();
        await SentAsync(Beginning.Length);

        for (var comments = 1; comments <= 3; comments++)
        {
            var sent = SentAsync(Beginning.Length + (comments * Comment.Length));
            var before = time.GetUtcNow();
            Assert.That(await time.HappensWithinAsync(TimeSpan.FromSeconds(25), sent));
            Assert.That(
                (time.GetUtcNow() - before).TotalSeconds,
                Is.EqualTo(15).Within(4),
                "Another time than the step and the pace of the test allow."
            );
        }

        Assert.That(
            body.Text,
            Is.EqualTo(Beginning + string.Concat(Enumerable.Repeat(Comment, 3)))
        );
        await EndAsync(run);
    }

    [Test]
    public async Task Execute_KeyIsGone_EndsWithinSeconds()
    {
        var run = RunAsync();
        await SentAsync(Beginning.Length);
        Assert.That(await time.HappensWithinAsync(TimeSpan.FromSeconds(10), run), Is.False);

        Knows();
        services.GetRequiredService<ClientDirectory>().Invalidate(TestData.Client);

        Assert.That(await time.HappensWithinAsync(TimeSpan.FromSeconds(10), run));
        await run;
        Assert.That(isFollowed, Is.False);
    }

    [Test]
    public async Task Execute_KeyIsGone_SendsNothingThatCameAfterwards()
    {
        var run = RunAsync();
        await SentAsync(Beginning.Length);
        Knows();
        services.GetRequiredService<ClientDirectory>().Invalidate(TestData.Client);

        events.Writer.TryWrite(new EntryLogged(ClientLog.Decisions, 7, TestData.LoggedOf("alice")));

        await run.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(body.Text, Is.EqualTo(Beginning));
    }

    [Test]
    public async Task Execute_KeyLosesNothingWhileTheStoreIsAway_GoesOn()
    {
        var run = RunAsync();
        await SentAsync(Beginning.Length);

        clients
            .SetupFind(TestData.Client)
            .ThrowsAsync(new StoreUnavailableException("It is away."));
        services.GetRequiredService<ClientDirectory>().Invalidate(TestData.Client);

        Assert.That(await time.HappensWithinAsync(TimeSpan.FromSeconds(12), run), Is.False);
        await EndAsync(run);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Execute_ServiceStopsOrCallerGoes_EndsAtOnce(bool isStopping)
    {
        var run = RunAsync();
        await SentAsync(Beginning.Length);

        await (isStopping ? stopping : aborted).CancelAsync();

        await run.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(isFollowed, Is.False);
    }

    [Test]
    public async Task Execute_CallerReadsNothing_IsDisconnectedAfter30Seconds()
    {
        body.IsBlocked = true;

        var run = RunAsync();
        await body.Blocked.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(
            await time.HappensWithinAsync(TimeSpan.FromSeconds(25), run),
            Is.False,
            "Too early."
        );

        Assert.That(await time.HappensWithinAsync(TimeSpan.FromSeconds(25), run));
        await run;
        connection.Verify(it => it.Abort());
        Assert.That(isFollowed, Is.False);
    }

    private Task RunAsync() =>
        new DecisionStreamResult(FollowAsync(), start, Scopes.LogsRead).ExecuteResultAsync(
            new ActionContext { HttpContext = http }
        );

    private async Task EndAsync(Task run)
    {
        await stopping.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private Task SentAsync(int length) => body.HasAsync(length);

    private void Knows(params ClientKey[] keys)
    {
        clients
            .Setup(it => it.FindVersionAsync(TestData.Client, It.IsAny<CancellationToken>()))
            .ReturnsAsync(1);
        clients
            .SetupFind(TestData.Client)
            .ReturnsAsync(
                new ClientSnapshot(TestData.Client, 1, new KeyRing(keys), new PolicyTable([]))
            );
    }

    private async IAsyncEnumerable<LogEvent> FollowAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        isFollowed = true;
        try
        {
            await foreach (var it in events.Reader.ReadAllAsync(cancellationToken))
            {
                yield return it;
            }
        }
        finally
        {
            isFollowed = false;
        }
    }

    /// <summary>A response body that the caller reads or does not read.</summary>
    private sealed class Body : MemoryStream
    {
        private readonly Lock gate = new();
        private readonly TaskCompletionSource blocked = new();
        private readonly List<(int Length, TaskCompletionSource Is)> awaited = [];
        private string text = "";

        public bool IsBlocked { get; set; }

        /// <summary>Completes when a write is blocked because the caller does not read.</summary>
        public Task Blocked => blocked.Task;

        public string Text
        {
            get
            {
                lock (gate)
                {
                    return text;
                }
            }
        }

        /// <summary>Completes when the given length was sent.</summary>
        public Task HasAsync(int length)
        {
            lock (gate)
            {
                var has = new TaskCompletionSource(
                    TaskCreationOptions.RunContinuationsAsynchronously
                );
                awaited.Add((length, has));
                Tell();
                return has.Task;
            }
        }

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (IsBlocked)
            {
                blocked.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            lock (gate)
            {
                text += Encoding.UTF8.GetString(buffer.Span);
                Tell();
            }
        }

        private void Tell()
        {
            foreach (var (length, has) in awaited)
            {
                if (text.Length >= length)
                {
                    has.TrySetResult();
                }
            }
        }
    }
}
